"""What was paid on invoices, once for each payment and refund."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.invoices.models import Applied, PaymentKind, Source
from shared.runtime.db import Session

_FIND: Final = text("""
    SELECT applied_minor, amount_minor - applied_minor AS surplus_minor, balance_minor
      FROM invoice_payments JOIN invoices ON invoices.id = invoice_id
     WHERE invoice_id = :invoice_id AND kind = :kind AND source_id = :source_id
""")
_INSERT: Final = text("""
    INSERT INTO invoice_payments (invoice_id, kind, source_id, amount_minor, applied_minor, at)
    VALUES (:invoice_id, :kind, :source_id, :amount_minor, :applied_minor, :at)
""")
# Of cancellations since the invoice was issued: those before it are not on it.
_PLANNED: Final = text("""
    SELECT CAST(coalesce(sum(plan.refund_minor), 0)
                - coalesce(sum((SELECT sum(amount_minor) FROM refunds WHERE plan_id = plan.id AND status = 'processed')), 0)
                - coalesce(sum((SELECT sum(amount_minor) FROM customer_credits
                                 WHERE (source, source_id) = ('refund_plan', plan.id))), 0) AS bigint)
      FROM refund_plans AS plan JOIN invoices ON invoices.order_id = plan.order_id
     WHERE invoices.id = :invoice_id AND plan.created_at >= invoices.issued_at
""")
_REFUNDS: Final = text("""
    SELECT refunds.id, order_receipts.applied_minor, order_receipts.at
      FROM order_receipts JOIN refunds ON refunds.id = source_id
     WHERE order_receipts.order_id = :order_id AND order_receipts.kind = 'refund' AND plan_id IS NULL AND applied_minor > 0
     ORDER BY order_receipts.at, refunds.id
""")
_REFUNDS_OF_PERIOD: Final = text("""
    SELECT refunds.id, refunds.amount_minor, refunds.processed_at
      FROM refunds JOIN payments ON payments.id = payment_id
     WHERE (subscription_id, period_start) = (:subscription_id, CAST(:period_start AS date)) AND payments.order_id IS NULL
       AND refunds.status = 'processed' AND NOT from_credit
     ORDER BY refunds.processed_at, refunds.id
""")
_DUE: Final = text("SELECT balance_minor FROM invoices WHERE id = :invoice_id")
_OF_ORDER: Final = text("SELECT id FROM invoices WHERE order_id = :order_id AND status = 'issued'")
_OF_PERIOD: Final = text("""
    SELECT id FROM invoices
     WHERE (subscription_id, period_start) = (:subscription_id, CAST(:period_start AS date)) AND status = 'issued'
""")
_OF_PERIODS: Final = text("""
    SELECT invoices.subscription_id, invoices.period_start, invoices.id
      FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
      JOIN invoices ON (invoices.subscription_id, invoices.period_start) = (row.id, row.start_on)
     WHERE invoices.status = 'issued'
""")


class InvoicePaymentRepository:
    """Reads and writes in the session's unit of work, under the lock of the invoice."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, invoice_id: UUID, kind: PaymentKind, source_id: UUID) -> Applied | None:
        """What became of a payment or refund that was brought before."""
        bound = {"invoice_id": invoice_id, "kind": kind, "source_id": source_id}
        row = (await self._session.execute(_FIND, bound)).one_or_none()
        return Applied(*row) if row is not None else None

    async def insert(
        self,
        invoice_id: UUID,
        kind: PaymentKind,
        source_id: UUID,
        *,
        amount_minor: int,
        applied_minor: int,
        at: datetime,
    ) -> None:
        """Note one."""
        bound = {"invoice_id": invoice_id, "kind": kind, "source_id": source_id, "at": at}
        await self._session.execute(_INSERT, {"amount_minor": amount_minor, "applied_minor": applied_minor, **bound})

    async def planned(self, invoice_id: UUID) -> int:
        """What cancellations of what an invoice bills have still to give back."""
        found: int = (await self._session.execute(_PLANNED, {"invoice_id": invoice_id})).scalar_one()
        return found

    async def refunds_of(self, source: Source) -> Sequence[tuple[UUID, int, datetime]]:
        """What an order or a period was refunded without a cancellation: the refund, how much, and when."""
        if source.order_id is not None:
            rows = await self._session.execute(_REFUNDS, {"order_id": source.order_id})
        else:
            bound = {"subscription_id": source.subscription_id, "period_start": source.period_start}
            rows = await self._session.execute(_REFUNDS_OF_PERIOD, bound)
        return [(row[0], row[1], row[2]) for row in rows]

    async def due(self, invoice_id: UUID) -> int:
        """What an invoice still asks for; nothing where it is not in force."""
        found: int | None = await self._session.scalar(_DUE, {"invoice_id": invoice_id})
        return found or 0

    async def of_order(self, order_id: UUID) -> UUID | None:
        """The id of the invoice that an order has in force."""
        found: UUID | None = await self._session.scalar(_OF_ORDER, {"order_id": order_id})
        return found

    async def of_period(self, subscription_id: UUID, period_start: date) -> UUID | None:
        """The id of the invoice that a period has in force."""
        found: UUID | None = await self._session.scalar(
            _OF_PERIOD, {"subscription_id": subscription_id, "period_start": period_start}
        )
        return found

    async def of_periods(self, periods: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], UUID]:
        """The ids of the invoices that periods have in force."""
        bound = {"ids": [key for key, _ in periods], "starts": [start for _, start in periods]}
        return {(row[0], row[1]): row[2] for row in await self._session.execute(_OF_PERIODS, bound)}
