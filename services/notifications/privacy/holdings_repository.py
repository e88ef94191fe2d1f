"""What the service holds about a person, table by table: how it is shown, and what becomes of it when the person is erased.

Every table stands in HOLDINGS, or in NOT_PERSONAL with a reason; a test compares both with the database, so that a new one cannot
be forgotten. Statements are bound to :reference, :addresses (the person's, in lower case), :patterns (that find them in a text),
:hashes (of them), :organization_id (the person's) and :ids (the person's deliveries).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Holding:
    """One table.

    shown: the part of the export that it is in, and what selects its rows; None where another table's rows show it, or where
    `why` says that nobody needs it. erased: what takes the person out of it; None for what stays, as `why` says.
    """

    table: str
    shown: tuple[str, str] | None = None
    erased: str | None = None
    why: str = ""


# Of deliveries that name an address and no person, those of the person's own organization are the person's. One that ended
# before it was looked at has the address as it was given, and no hash of it.
DELIVERY_IDS: Final = """
    SELECT id FROM deliveries
     WHERE to_person = :reference
        OR (to_person IS NULL AND address_hash = ANY(CAST(:hashes AS text[]))
            AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
        OR (to_person IS NULL AND address_hash IS NULL AND lower(to_address) = ANY(CAST(:addresses AS text[]))
            AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
"""

DELIVERIES: Final = """
    SELECT id, organization_id, channel, to_address, to_person, subject, category, template_name, template_version, requester,
           subject_key, status, reason, receipt, receipt_at, provider, segments, retries, created_at, finished_at, cancelled_at,
           error,
           coalesce((SELECT json_agg(json_build_object('number', number, 'provider', provider, 'started_at', started_at,
                                                       'finished_at', finished_at, 'outcome', outcome, 'code', code,
                                                       'detail', detail) ORDER BY number)
                       FROM delivery_attempts WHERE delivery_id = deliveries.id), '[]') AS attempts,
           coalesce((SELECT json_agg(json_build_object('kind', kind, 'occurred_at', occurred_at, 'provider', provider,
                                                       'code', code, 'detail', detail) ORDER BY occurred_at, id)
                       FROM delivery_events WHERE delivery_id = deliveries.id), '[]') AS events,
           (SELECT json_build_object('to_name', to_name, 'text', text) FROM delivery_texts WHERE delivery_id = deliveries.id)
           AS waiting_text
      FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY created_at, id
"""

# A letter of a message that came to no delivery names the person in its body: by the reference, or by an address or number alone.
# Then it must not be another organization's; of a body that is no JSON, nobody knows whose it is. Of a list of recipients the
# person alone is taken out. Addresses are looked for in what the JSON says, whatever it escapes.
_DEAD_LETTERS: Final = """
    WITH letters AS (
        SELECT id, body, CASE WHEN pg_input_is_valid(body, 'jsonb') THEN CAST(body AS jsonb) END AS said FROM dead_letters
    ), named AS (
        SELECT id, CAST(jsonb_set(said, '{email_list}', (
                   SELECT jsonb_agg(one)
                     FROM jsonb_array_elements(CASE jsonb_typeof(said -> 'email_list') WHEN 'array' THEN said -> 'email_list' END)
                          AS row(one)
                    WHERE NOT (lower(CAST(one AS text)) ~ ANY(CAST(:patterns AS text[]))
                               OR strpos(CAST(one AS text), '"' || :reference || '"') > 0))) AS text) AS rest
          FROM letters
         WHERE strpos(body, '"' || :reference || '"') > 0
            OR (lower(coalesce(CAST(said AS text), body)) ~ ANY(CAST(:patterns AS text[]))
                AND (said IS NULL OR lower(said ->> 'organization_id')
                                     IS NOT DISTINCT FROM CAST(CAST(:organization_id AS uuid) AS text)))
    ), erased AS (
        SELECT letter.id,
               CASE WHEN NOT (lower(rest) ~ ANY(CAST(:patterns AS text[])) OR strpos(rest, '"' || :reference || '"') > 0)
                    THEN rest END AS rest
          FROM dead_letters AS letter LEFT JOIN named ON named.id = letter.id
         WHERE named.id IS NOT NULL OR letter.message_id = ANY(CAST(:ids AS uuid[]))
    )
    UPDATE dead_letters AS letter
       SET body = coalesce(rest, '{}'), error = NULL,
           settled_at = CASE WHEN rest IS NULL THEN coalesce(settled_at, now()) ELSE settled_at END,
           settled_by = CASE WHEN rest IS NULL THEN coalesce(settled_by, 'system:privacy') ELSE settled_by END,
           note = CASE WHEN rest IS NULL THEN 'the person was erased' ELSE note END,
           status = CASE WHEN rest IS NULL AND status = 'open' THEN 'discarded' ELSE status END
      FROM erased WHERE letter.id = erased.id
"""

HOLDINGS: Final = (
    Holding(
        "people",
        ("person", "SELECT * FROM people WHERE reference = :reference"),
        why="erased by people/repository.py: the bare reference stays, so that what was said before brings nobody back",
    ),
    Holding(
        "deliveries",
        # Shown in parts, because there may be a hundred thousand of them.
        None,
        "UPDATE deliveries SET to_address = NULL, subject = NULL, error = NULL WHERE id = ANY(CAST(:ids AS uuid[]))",
        why="what was sent when, and whether it arrived, stays under the bare reference, or the hash of the address",
    ),
    Holding(
        "delivery_attempts",
        None,
        "UPDATE delivery_attempts SET detail = NULL WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND detail IS NOT NULL",
    ),
    Holding(
        "delivery_events",
        None,
        "UPDATE delivery_events SET detail = NULL WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND detail IS NOT NULL",
    ),
    Holding(
        "inbox",
        None,
        "UPDATE inbox SET body = NULL WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 0 AND body IS NOT NULL",
        why="a message's body is deleted when it has ended, but for an SMS that may come back; what waits ends at the erasure",
    ),
    Holding("delivery_texts", None, "DELETE FROM delivery_texts WHERE delivery_id = ANY(CAST(:ids AS uuid[]))"),
    Holding(
        "provider_events",
        None,
        # Its id stays, so that the same report is known when it comes again.
        # One without a delivery is found by whom it names. What another organization's account has told is that organization's.
        """UPDATE provider_events SET payload = ''::bytea, address_hashes = NULL,
                   state = CASE WHEN state = 'waiting' THEN 'ignored' ELSE state END, settled_at = coalesce(settled_at, now())
             WHERE delivery_id = ANY(CAST(:ids AS uuid[]))
                OR (address_hashes && CAST(:hashes AS text[])
                    AND (account_id IS NULL OR account_id IN (
                         SELECT id FROM provider_accounts
                          WHERE organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))))""",
        why="what it said stands in the events of the deliveries",
    ),
    Holding(
        "dead_letters",
        None,
        _DEAD_LETTERS,
        why="what it was to send stands in its delivery",
    ),
    Holding(
        "campaign_recipients",
        (
            "campaigns",
            """SELECT campaigns.id, campaigns.name, position, state, campaign_recipients.to_person, to_email, to_phone, to_name,
                       campaign_recipients.locale, campaign_recipients.context, delivery_id
                  FROM campaign_recipients, campaigns
                 WHERE campaign_recipients.campaign_id = campaigns.id
                   AND (campaign_recipients.recipient = :reference
                        OR (campaign_recipients.recipient = ANY(CAST(:hashes AS text[]))
                            AND campaigns.organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)))
                 ORDER BY campaigns.id, position""",
        ),
        """UPDATE campaign_recipients SET to_email = NULL, to_phone = NULL, to_name = NULL, locale = NULL, context = NULL
              FROM campaigns
             WHERE campaign_recipients.campaign_id = campaigns.id
               AND (campaign_recipients.recipient = :reference
                    OR (campaign_recipients.recipient = ANY(CAST(:hashes AS text[]))
                        AND campaigns.organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)))""",
        why="that a campaign went out stays under the bare reference, or the hash of the address",
    ),
    Holding(
        "in_app_items",
        ("in_app", "SELECT * FROM in_app_items WHERE person = :reference ORDER BY seq"),
        "DELETE FROM in_app_items WHERE person = :reference",
    ),
    Holding(
        "in_app_inboxes",
        None,
        "UPDATE in_app_inboxes SET unread = 0 WHERE person = :reference",
        why="how far the inbox was written stays, or an open stream would take new items for old ones",
    ),
    # Before the entries, in the order of who collects them.
    Holding(
        "digest_windows",
        ("digest_window", "SELECT * FROM digest_windows WHERE person = :reference"),
        "DELETE FROM digest_windows WHERE person = :reference",
    ),
    Holding(
        "digest_entries",
        ("digests", "SELECT * FROM digest_entries WHERE person = :reference ORDER BY occurred_at"),
        "DELETE FROM digest_entries WHERE person = :reference",
    ),
    Holding(
        "preferences",
        ("preferences", "SELECT * FROM preferences WHERE person = :reference ORDER BY category, channel"),
        "DELETE FROM preferences WHERE person = :reference AND choice <> 'off'",
        why="who has declined something is not asked again because the person was erased",
    ),
    Holding(
        "preference_sheets",
        ("preference_sheet", "SELECT * FROM preference_sheets WHERE person = :reference"),
        """UPDATE preference_sheets SET quiet_from = NULL, quiet_until = NULL, quiet_days = NULL, paused_until = NULL,
                  revision = revision + 1, updated_at = now()
            WHERE person = :reference""",
    ),
    Holding(
        "preference_changes",
        (
            "preference_changes",
            """SELECT * FROM preference_changes
                 WHERE person = :reference OR (address_hash = ANY(CAST(:hashes AS text[]))
                                               AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
                 ORDER BY changed_at, id""",
        ),
        """DELETE FROM preference_changes
             WHERE (person = :reference OR (address_hash = ANY(CAST(:hashes AS text[]))
                                            AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)))
               AND (what <> 'choice' OR after IS DISTINCT FROM 'off')""",
        why="that somebody has declined something can be shown for 400 days",
    ),
    Holding(
        "suppressions",
        (
            "suppressions",
            """SELECT channel, address, scope, category, reason, source, note, expires_at, created_at FROM suppressions
                 WHERE address_hash = ANY(CAST(:hashes AS text[]))
                   AND (scope = 'global' OR organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
                 ORDER BY created_at, id""",
        ),
        """UPDATE suppressions SET address = NULL, note = NULL
            WHERE address_hash = ANY(CAST(:hashes AS text[])) AND coalesce(address, note) IS NOT NULL
              AND (scope = 'global' OR organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))""",
        why="an address that must not be written to is recognised by its hash",
    ),
    Holding(
        "suppression_removals",
        (
            "suppression_removals",
            """SELECT channel, scope, category, reason, added_at, removed_at, why FROM suppression_removals
                 WHERE address_hash = ANY(CAST(:hashes AS text[]))
                   AND (scope = 'global' OR organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
                 ORDER BY removed_at, id""",
        ),
        # What somebody has written may name anybody.
        """UPDATE suppression_removals SET why = 'the person was erased'
            WHERE address_hash = ANY(CAST(:hashes AS text[]))
              AND (scope = 'global' OR organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))""",
        why="holds the hash of an address, and that somebody took it off the list",
    ),
    Holding("opt_words", why="holds the hash of a number, and whether it has said STOP"),
    Holding("soft_bounces", why="holds the hash of an address for 500 days; what bounced stands in the deliveries"),
    Holding("dedupe_keys", why="holds a bare reference, or the hash of an address, for 30 days, so that nothing is sent twice"),
)

NOT_PERSONAL: Final = {
    "access_revocations": "tokens that are refused, for as long as they would last: operators' and programs'",
    "alembic_version": "the schema's",
    "api_keys": "programs'; of the secret a hash",
    "attempt_costs": "amounts of money for each attempt",
    "archives": "which rows are in which file, by their ids",
    "audit_checkpoints": "hashes over the audit",
    "audit_head": "a hash over the audit",
    "bounce_list_marks": "a moment for each provider",
    "campaign_changes": "who did what: operators",
    "campaign_costs": "figures of campaigns",
    "campaign_counts": "figures of campaigns",
    "campaign_status_transitions": "what may follow what",
    "campaigns": "one text for many; names the operator who made it",
    "cancellations": "subject keys, and who cancelled them: operators and services",
    "categories": "names of kinds of messages",
    "delivery_inquiries": "a moment for each delivery",
    "digest_progress": "moments, and a bare reference while digests are asked for",
    "dlt_templates": "texts that an organization has registered",
    "idempotency_keys": "answers of this API, which name ids, for a day",
    "lane_limits": "who did what: operators",
    "lane_pauses": "who did what: operators",
    "lane_pools": "who did what: operators",
    "operations_audit": "who did what: operators",
    "organization_choices": "an organization's",
    "organization_policies": "an organization's",
    "organizations": "names of organizations",
    "outbox": "holds a message until its consumer has it, a campaign's until the lane has come to it: what was asked for of"
    " somebody who was erased is dropped then. A bare reference until an hourly digest is due",
    "provider_accounts": "an organization's",
    "provider_routes": "an organization's",
    "schedules": "who did what: operators",
    "template_versions": "texts for many; names the operator who wrote them",
    "templates": "names of texts",
}
