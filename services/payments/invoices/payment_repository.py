"""What was paid on invoices, once for each payment and refund."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.invoices.models import Applied, PaymentKind
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
_OF_ORDER: Final = text("SELECT id FROM invoices WHERE order_id = :order_id AND status = 'issued'")
_OF_PERIOD: Final = text("""
    SELECT id FROM invoices
     WHERE (subscription_id, period_start) = (:subscription_id, CAST(:period_start AS date)) AND status = 'issued'
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
