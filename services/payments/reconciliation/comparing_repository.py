"""Statements that compare what a gateway holds with what we hold, for all of a run's window at once."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from services.payments.reconciliation.item_statements_repository import ADD_UP, CLASSIFY, FILL_UTR, HELD, ITEMS, OPEN
from services.payments.reconciliation.models import SYSTEM, Run
from shared.runtime.db import Session

_INTO: Final = """
    INSERT INTO recon_findings
           (run_id, class, entity_id, kind, healed, organization_id, payment_id, amount_minor, currency, details)
"""
_OF_ITEMS: Final = f"""
    WITH item AS ({ITEMS}) {_INTO}
    SELECT :run_id, class, entity_id, 'item', false, organization_id, payment_id,
           CASE class WHEN 'amount_mismatch' THEN abs(amount_minor - abs(books_minor))
                      WHEN 'fee_mismatch' THEN abs(fee_minor - books_fee_minor)
                      ELSE amount_minor END, currency,
           jsonb_strip_nulls(jsonb_build_object(
               'item', kind, 'settlement_id', nullif(settlement_id, ''), 'utr', utr, 'payment', payment_ref, 'order', order_ref,
               'receipt', receipt, 'dispute', dispute_ref, 'description', description, 'theirs_minor', amount_minor,
               'ours_minor', nullif(abs(books_minor), 0), 'their_fee_minor', fee_minor, 'our_fee_minor', books_fee_minor,
               'their_currency', currency, 'our_currency', books_currency))
      FROM item WHERE class NOT IN ('new', 'matched')
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - put together from constants of these modules; values are bound
_OF_SETTLEMENTS: Final = f"""
    {_INTO}
    SELECT :run_id, 'amount_mismatch', settlement_id, 'settlement', false, organization_id, NULL, abs(difference_minor), currency,
           jsonb_build_object('settlement_minor', amount_minor, 'items_minor', amount_minor - difference_minor, 'utr', utr)
      FROM settlements
     WHERE (gateway, account) = (:gateway, :account) AND difference_minor <> 0
       AND (day BETWEEN :first_day AND :last_day OR settlement_id IN ({OPEN}))
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
# Only the installation's home currency settles in two days, and only of cards from here.
_OF_PAYMENTS: Final = f"""
    WITH held AS ({HELD}), judged AS MATERIALIZED (
        SELECT held.*, payments.organization_id, payments.amount_minor AS asked_minor, payments.currency AS asked_currency,
               greatest(held.refunded_minor, coalesce(
                   (SELECT sum(amount_minor) FROM gateway_refunds AS back
                     WHERE (back.gateway, back.account, back.gateway_payment_id)
                           = (held.gateway, held.account, held.gateway_payment_id) AND back.rank = 3), 0)) < held.captured_minor
                   AS is_ours_to_keep,
               EXISTS (SELECT FROM recon_lookups AS asked
                        WHERE (asked.run_id, asked.kind, asked.entity_id) = (:run_id, 'payment', held.gateway_payment_id)
                          AND NOT asked.found) AS is_denied,
               EXISTS (SELECT FROM recon_items AS item
                        WHERE (item.gateway, item.account, item.entity_id, item.kind)
                              = (held.gateway, held.account, held.gateway_payment_id, 'payment')
                          AND (item.settled OR item.on_hold)) AS is_reported
          FROM held LEFT JOIN payments ON payments.id = held.payment_id
    ), told AS (
        SELECT judged.*, class FROM judged CROSS JOIN LATERAL (VALUES
            ('missing_gateway', is_denied),
            ('missing_local', payment_id IS NULL AND captured_minor > 0 AND NOT is_denied),
            ('currency_mismatch', counted_as = 'mismatch' AND currency <> asked_currency AND is_ours_to_keep),
            ('amount_mismatch', counted_as = 'mismatch' AND currency = asked_currency AND is_ours_to_keep),
            ('duplicate_capture', counted_as = 'duplicate' AND is_ours_to_keep),
            ('unsettled_overdue', captured_at < CASE WHEN is_international OR currency <> :home
                                                     THEN CAST(:abroad_before AS timestamptz)
                                                     ELSE CAST(:home_before AS timestamptz) END
                                  AND payment_id IS NOT NULL AND captured_minor > 0 AND is_ours_to_keep AND NOT is_reported
                                  AND NOT is_denied)
        ) AS rule (class, holds) WHERE holds
    ) {_INTO}
    SELECT :run_id, class, gateway_payment_id, 'payment', false, coalesce(organization_id, CAST(:organization_id AS uuid)),
           payment_id, CASE WHEN class = 'amount_mismatch' THEN abs(captured_minor - asked_minor) ELSE captured_minor END,
           currency,
           jsonb_strip_nulls(jsonb_build_object('order', gateway_order_id, 'receipt', receipt, 'theirs_minor', captured_minor,
               'ours_minor', asked_minor, 'their_currency', currency, 'our_currency', asked_currency, 'captured_at', captured_at))
      FROM told
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
_OF_REFUNDS: Final = f"""
    {_INTO}
    SELECT :run_id, 'orphan_refund', back.gateway_refund_id, 'refund', false,
           coalesce(payments.organization_id, CAST(:organization_id AS uuid)), payments.id, back.amount_minor,
           back.currency, jsonb_build_object('payment', back.gateway_payment_id)
      FROM gateway_refunds AS back
      LEFT JOIN gateway_payments AS held ON (held.gateway, held.account, held.gateway_payment_id)
                                            = (back.gateway, back.account, back.gateway_payment_id)
      LEFT JOIN payments ON payments.id = held.payment_id
     WHERE (back.gateway, back.account) = (:gateway, :account) AND back.refund_id IS NULL AND back.rank = 3
       AND ((back.first_seen_at >= :since AND back.first_seen_at < :until) OR back.gateway_refund_id IN ({OPEN}))
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
_OF_DISPUTES: Final = f"""
    {_INTO}
    SELECT CAST(:run_id AS uuid), 'dispute_unseen', gateway_dispute_id, 'dispute', false, CAST(:organization_id AS uuid), NULL,
           amount_minor, currency, jsonb_build_object('payment', gateway_payment_id)
      FROM disputes
     WHERE (gateway, account) = (:gateway, :account) AND payment_id IS NULL
       AND ((opened_at >= :since AND opened_at < :until) OR gateway_dispute_id IN ({OPEN}))
    UNION ALL
    SELECT CAST(:run_id AS uuid), 'currency_mismatch', gateway_dispute_id, 'dispute', false, payments.organization_id,
           payments.id, payments.amount_minor, payments.currency,
           jsonb_build_object('gateway_dispute_id', gateway_dispute_id, 'gateway_payment_id', dispute.gateway_payment_id,
                              'theirs_minor', dispute.amount_minor, 'their_currency', dispute.currency,
                              'ours_minor', payments.amount_minor, 'our_currency', payments.currency)
      FROM disputes AS dispute JOIN payments ON payments.id = dispute.payment_id
     WHERE (dispute.gateway, dispute.account) = (:gateway, :account) AND dispute.currency <> payments.currency
       AND (rank IN (1, 2, 4) OR (rank = 3 AND deducted_minor > 0))
       AND ((opened_at >= :since AND opened_at < :until) OR gateway_dispute_id IN ({OPEN}))
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
_COUNT: Final = f"""
    WITH item AS ({ITEMS}), held AS ({HELD}), wrong AS (
        SELECT class, entity_id, kind, healed FROM recon_findings WHERE run_id = :run_id
    )
    SELECT 'matched' AS class, false AS healed,
           (SELECT count(*) FROM item WHERE class = 'matched')
           + (SELECT count(*) FROM held WHERE payment_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM wrong WHERE entity_id = gateway_payment_id AND NOT wrong.healed)) AS count
    UNION ALL
    SELECT class, healed, count(*) FROM wrong GROUP BY class, healed
"""  # noqa: S608 - as above
_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('reconciliation ' || :gateway || ' ' || :account, 0))"

_STATEMENTS: Final = tuple(
    text(one) for one in (FILL_UTR, CLASSIFY, ADD_UP, _OF_ITEMS, _OF_SETTLEMENTS, _OF_PAYMENTS, _OF_REFUNDS, _OF_DISPUTES)
)
"""In this order: each reads what those before it have written."""
_COUNTING, _HOLDING = text(_COUNT), text(_HOLD)

# One row for what was found of each thing; what a person has accepted stays so while nothing of it changes.
_OPEN_CASES: Final = text("""
    WITH found AS (
        SELECT class || '/' || entity_id AS fingerprint, recon_findings.* FROM recon_findings
         WHERE run_id = :run_id AND NOT healed
    ), latest AS (
        SELECT DISTINCT ON (cases.fingerprint) cases.* FROM cases JOIN found USING (fingerprint)
         ORDER BY cases.fingerprint, (cases.state = 'open') DESC, cases.opened_at DESC, cases.id DESC
    ), seen AS (
        UPDATE cases SET last_seen_at = greatest(cases.last_seen_at, :at), amount_minor = found.amount_minor,
                         currency = found.currency, details = found.details, payment_id = found.payment_id,
                         organization_id = found.organization_id
          FROM latest JOIN found USING (fingerprint) WHERE cases.id = latest.id AND latest.state = 'open'
    ), reopened AS (
        UPDATE cases SET state = 'open', resolution = NULL, resolved_at = NULL, opened_at = :at, last_seen_at = :at,
                         amount_minor = found.amount_minor, currency = found.currency, details = found.details,
                         payment_id = found.payment_id, organization_id = found.organization_id, changed_by = :by,
                         change_note = 'it is there again', version = cases.version + 1, updated_at = :at
          FROM latest JOIN found USING (fingerprint)
         WHERE cases.id = latest.id AND latest.state = 'resolved'
           AND NOT (latest.resolution = 'accepted'
                    AND (latest.amount_minor, latest.currency, latest.details)
                        IS NOT DISTINCT FROM (found.amount_minor, found.currency, found.details))
        RETURNING cases.kind
    ), opened AS (
        INSERT INTO cases (id, kind, fingerprint, gateway, account, entity_id, organization_id, payment_id, amount_minor,
                           currency, details, opened_at, last_seen_at, changed_by, updated_at)
        SELECT uuidv7(), class, fingerprint, :gateway, :account, entity_id, organization_id, payment_id, amount_minor, currency,
               details, :at, :at, :by, :at
          FROM found WHERE NOT EXISTS (SELECT FROM latest WHERE latest.fingerprint = found.fingerprint)
         ORDER BY fingerprint
        ON CONFLICT (fingerprint) WHERE state = 'open' DO NOTHING
        RETURNING kind
    )
    SELECT kind FROM reopened UNION ALL SELECT kind FROM opened
""")
# What this run would have found again, and has not, is right by now: open cases are part of what every run looks at. But what
# another run has found since this one began, this one may have asked the gateway about too early, or not at all.
_CLOSE_CASES: Final = text("""
    UPDATE cases SET state = 'resolved', resolution = 'settled_itself', resolved_at = :at, changed_by = :by,
                     change_note = 'a later run has found it right', version = version + 1, updated_at = :at
     WHERE state = 'open' AND (gateway, account) = (:gateway, :account) AND kind IN (SELECT class FROM recon_classes)
       AND last_seen_at <= :started_at
       AND NOT EXISTS (SELECT FROM recon_findings AS still
                        WHERE (still.run_id, still.class, still.entity_id) = (:run_id, cases.kind, cases.entity_id)
                          AND NOT still.healed)
""")


@dataclass(frozen=True, slots=True)
class Rules:
    """By what it is judged. home: the currency that settles soon, empty where none is known to. home_before, abroad_before: what
    was captured before these moments is late. is_gst: whether fees carry Indian GST."""

    home: str
    home_before: datetime
    abroad_before: datetime
    is_gst: bool


class ComparingRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold(self, run: Run) -> None:
        """Let no other run of the account compare or post until the unit of work ends."""
        await self._session.execute(_HOLDING, {"gateway": run.gateway, "account": run.account})

    async def compare(self, run: Run, rules: Rules) -> None:
        """Say what each thing is, and write down what is not as it should be."""
        bound = {**_window(run), **{name: getattr(rules, name) for name in Rules.__slots__}}
        for statement in _STATEMENTS:
            await self._session.execute(statement, bound)

    async def keep_cases(self, run: Run, at: datetime) -> Counter[str]:
        """Open cases of what was found, and end those of what was not found again. Returns how many are new, by kind."""
        bound = {
            "run_id": run.id,
            "gateway": run.gateway,
            "account": run.account,
            "at": at,
            "by": SYSTEM,
            "started_at": run.started_at,
        }
        opened = Counter(row.kind for row in await self._session.execute(_OPEN_CASES, bound))
        await self._session.execute(_CLOSE_CASES, bound)
        return opened

    async def count(self, run: Run) -> dict[str, Any]:
        """By class: `{matched: 12, healed: {captured_unseen: 1}, open: {on_hold: 1}}`."""
        counts: dict[str, Any] = {"matched": 0, "healed": {}, "open": {}}
        for row in await self._session.execute(_COUNTING, _window(run)):
            if row[0] == "matched":
                counts["matched"] = row[2]
            else:
                counts["healed" if row.healed else "open"][row[0]] = row[2]
        return counts


def _window(run: Run) -> dict[str, Any]:
    names = ("gateway", "account", "organization_id", "since", "until", "first_day", "last_day")
    return {"run_id": run.id, **{name: getattr(run, name) for name in names}}
