"""What we hold of a gateway's payments, refunds and disputes, before and after a run has applied what it was told."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.reconciliation.models import Run
from shared.runtime.db import Session

# What belongs to no payment of ours counts as not held: it is new to us once it does.
_PAYMENTS: Final = text("""
    SELECT held.gateway_payment_id AS entity_id, held.rank, held.payment_id, payments.organization_id, held.amount_minor,
           held.currency
      FROM gateway_payments AS held JOIN payments ON payments.id = held.payment_id
     WHERE (held.gateway, held.account) = (:gateway, :account)
       AND (held.gateway_payment_id = ANY (CAST(:ids AS text[])) OR held.gateway_order_id = ANY (CAST(:orders AS text[])))
""")
_REFUNDS: Final = text("""
    SELECT held.gateway_refund_id AS entity_id, held.rank, refunds.payment_id, refunds.organization_id, held.amount_minor,
           held.currency
      FROM gateway_refunds AS held JOIN refunds ON refunds.id = held.refund_id
     WHERE (held.gateway, held.account) = (:gateway, :account) AND held.gateway_refund_id = ANY (CAST(:ids AS text[]))
""")
_DISPUTES: Final = text("""
    SELECT held.gateway_dispute_id AS entity_id, held.rank, held.payment_id, held.organization_id, held.amount_minor,
           held.currency
      FROM disputes AS held
     WHERE (held.gateway, held.account) = (:gateway, :account) AND held.gateway_dispute_id = ANY (CAST(:ids AS text[]))
       AND held.payment_id IS NOT NULL
""")
_STATUSES: Final = text("SELECT id, status FROM payments WHERE id = ANY (CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class HeldFact:
    """How far something has come with us; see payments/ranks.py."""

    entity_id: str
    rank: int
    payment_id: UUID
    organization_id: UUID
    amount_minor: int
    currency: str


class HeldRepository:
    """Reads, in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def payments(self, run: Run, ids: Collection[str], orders: Collection[str]) -> dict[str, HeldFact]:
        """Those of these ids, and those of these orders of the gateway's."""
        return await self._read(_PAYMENTS, run, ids, orders=sorted(orders))

    async def refunds(self, run: Run, ids: Collection[str]) -> dict[str, HeldFact]:
        """Those that are refunds of ours."""
        return await self._read(_REFUNDS, run, ids)

    async def disputes(self, run: Run, ids: Collection[str]) -> dict[str, HeldFact]:
        """Those about payments of ours."""
        return await self._read(_DISPUTES, run, ids)

    async def statuses(self, payment_ids: Collection[UUID]) -> dict[UUID, str]:
        """How our payments stand."""
        return {row.id: row.status for row in await self._session.execute(_STATUSES, {"ids": sorted(payment_ids)})}

    async def _read(self, statement: Any, run: Run, ids: Collection[str], **more: Any) -> dict[str, HeldFact]:
        bound = {"gateway": run.gateway, "account": run.account, "ids": sorted(ids), **more}
        return {row["entity_id"]: HeldFact(**row) for row in (await self._session.execute(statement, bound)).mappings()}
