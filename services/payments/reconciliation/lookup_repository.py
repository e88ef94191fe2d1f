"""What a run has to ask for by its id: what a list should have told and has not."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import text

from services.payments.reconciliation.item_statements_repository import HELD, ITEMS
from services.payments.reconciliation.models import Lookup, Run
from shared.runtime.db import Session

# Of the run's time and days, and what open cases are about.
_NEXT: Final = text(f"""
    WITH held AS ({HELD}), item AS ({ITEMS}), wanted AS (
        SELECT 'payment' AS kind, gateway_payment_id AS entity_id FROM held
         WHERE rank >= 4 AND seen_run IS DISTINCT FROM :run_id
        UNION
        SELECT 'payment', payment_ref FROM item
         WHERE payment_ref IS NOT NULL
           AND NOT EXISTS (SELECT FROM gateway_payments AS known
                            WHERE (known.gateway, known.account, known.gateway_payment_id) = (:gateway, :account, payment_ref))
        UNION
        SELECT 'order', gateway_order_id FROM gateway_payments AS known
         WHERE (gateway, account) = (:gateway, :account) AND payment_id IS NULL AND gateway_order_id IS NOT NULL
           AND (gateway_payment_id IN (SELECT gateway_payment_id FROM held)
                OR gateway_payment_id IN (SELECT payment_ref FROM item))
        UNION
        SELECT 'refund', entity_id FROM item
         WHERE kind IN ('refund', 'refund_failure')
           AND NOT EXISTS (SELECT FROM gateway_refunds AS known
                            WHERE (known.gateway, known.account, known.gateway_refund_id) = (:gateway, :account, entity_id)
                              AND known.rank >= 2)
        UNION
        SELECT 'dispute', dispute_ref FROM item
         WHERE dispute_ref IS NOT NULL
           AND NOT EXISTS (SELECT FROM disputes AS known
                            WHERE (known.gateway, known.account, known.gateway_dispute_id) = (:gateway, :account, dispute_ref)
                              AND (known.deducted_minor > 0 OR known.rank >= 4))
        UNION
        SELECT 'settlement', settlement_id FROM item
         WHERE settlement_id <> ''
           AND NOT EXISTS (SELECT FROM settlements AS known
                            WHERE (known.gateway, known.account, known.settlement_id) = (:gateway, :account, item.settlement_id)
                              AND known.utr IS NOT NULL)
    )
    SELECT kind, entity_id FROM wanted
     WHERE NOT EXISTS (SELECT FROM recon_lookups AS done
                        WHERE (done.run_id, done.kind, done.entity_id) = (:run_id, wanted.kind, wanted.entity_id))
     ORDER BY kind DESC, entity_id LIMIT :limit
""")  # noqa: S608 - put together from constants; values are bound
_SEEN: Final = text("""
    UPDATE gateway_payments SET seen_run = :run_id
      FROM (SELECT id FROM gateway_payments
             WHERE (gateway, account) = (:gateway, :account) AND gateway_payment_id = ANY (CAST(:ids AS text[]))
             ORDER BY id FOR NO KEY UPDATE) AS seen
     WHERE gateway_payments.id = seen.id
""")


class LookupRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def next(self, run: Run, limit: int) -> Sequence[Lookup]:
        """What is to be asked for next; payments before orders, because they may name some."""
        names = ("gateway", "account", "since", "until", "first_day", "last_day")
        bound: dict[str, Any] = {name: getattr(run, name) for name in names}
        rows = await self._session.execute(_NEXT, {**bound, "run_id": run.id, "limit": limit})
        return [Lookup(row.kind, row.entity_id) for row in rows]

    async def seen(self, run: Run, gateway_payment_ids: Collection[str]) -> None:
        """The gateway has told of these payments in this run."""
        if gateway_payment_ids:
            bound = {"run_id": run.id, "gateway": run.gateway, "account": run.account, "ids": sorted(gateway_payment_ids)}
            await self._session.execute(_SEEN, bound)
