"""Statements that delete what its time has ended for, a chunk at a time and the oldest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import TextClause, text

from services.notifications.suppressions.soft_bounce_repository import KEPT_DAYS as SOFT_BOUNCE_DAYS
from shared.runtime.db import Session


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one kind of rows, or what they say, is kept. days: None for DELIVERY_RETENTION_DAYS, 0 for what says itself when
    it ends."""

    name: str
    days: int | None
    statement: TextClause


def _oldest(table: str, when: str, *conditions: str, instead_of: str = "ctid") -> TextClause:
    found = " AND ".join((f"{when} < :before", *conditions))
    return text(f"""
        DELETE FROM {table} WHERE {instead_of} = ANY(ARRAY(
            SELECT {instead_of} FROM {table} WHERE {found} ORDER BY {when} LIMIT :limit FOR UPDATE SKIP LOCKED))
    """)  # noqa: S608 - put together from constants of this module; values are bound


# Of a campaign, what it was and who did what stays; whom it went to does not.
_CAMPAIGN_RECIPIENTS: Final = text("""
    DELETE FROM campaign_recipients WHERE ctid = ANY(ARRAY(
        SELECT campaign_recipients.ctid
          FROM campaigns JOIN campaign_recipients ON campaign_id = campaigns.id
         WHERE finished_at < :before LIMIT :limit FOR UPDATE OF campaign_recipients SKIP LOCKED))
""")

# The id stays: a call-back from which something was learned must not be told once more, when an operator or the recipient has
# taken that back. Signatures of Twilio and secrets in paths never grow old.
_EMPTY_EVENTS: Final = text("""
    UPDATE provider_events SET payload = ''::bytea, address_hashes = NULL WHERE id = ANY(ARRAY(
        SELECT id FROM provider_events WHERE received_at < :before AND teaches IS NOT NULL AND payload <> ''::bytea
         ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED))
""")

RULES: Final = (
    # With their attempts, events, texts and inquiries.
    Rule("deliveries", None, _oldest("deliveries", "created_at", "finished_at IS NOT NULL", instead_of="id")),
    Rule("what call-backs said", 30, _EMPTY_EVENTS),
    Rule("provider_events", 30, _oldest("provider_events", "received_at", "teaches IS NULL", instead_of="id")),
    # Without its delivery an event teaches nothing. STOP and START need none: their ids stay for ever, as the last word does.
    Rule("taught", None, _oldest("provider_events", "received_at", "teaches = 'recipient'", instead_of="id")),
    Rule(
        "in_app_items",
        180,
        _oldest("in_app_items", "created_at", "(read_at IS NOT NULL OR archived_at IS NOT NULL)", instead_of="id"),
    ),
    Rule("dedupe_keys", 30, _oldest("dedupe_keys", "created_at")),
    # A pause may last 30 days, and what was collected for a week waits for the Monday after it.
    Rule("digest_entries", 45, _oldest("digest_entries", "occurred_at", instead_of="delivery_id")),
    Rule("suppressions", 0, _oldest("suppressions", "expires_at", instead_of="id")),
    Rule("suppression_removals", 400, _oldest("suppression_removals", "removed_at", instead_of="id")),
    # As long as the longest policy looks back and suppresses, or an entry would lose what it stands on.
    Rule("soft_bounces", SOFT_BOUNCE_DAYS, _oldest("soft_bounces", "bounced_at", instead_of="delivery_id")),
    Rule("preference_changes", 400, _oldest("preference_changes", "changed_at", instead_of="id")),
    Rule("campaign_recipients", None, _CAMPAIGN_RECIPIENTS),
)


class RetentionRepository:
    """Deletes what has expired."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def remove(self, rule: Rule, before: datetime, limit: int) -> int:
        """At most so many rows that are older, and how many they were. What somebody holds is left for the next time."""
        removed = await self._session.execute(rule.statement, {"before": before, "limit": limit})
        return int(getattr(removed, "rowcount", 0))
