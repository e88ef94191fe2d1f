"""Refunds of what an invoice bills: less was paid of it, and less is owed of it, in one transaction."""

from datetime import datetime
from uuid import UUID

from services.payments.credit_notes.service import CreditNotes
from services.payments.invoices.models import Source
from services.payments.invoices.paying import InvoicePayments
from services.payments.invoices.payment_repository import InvoicePaymentRepository
from services.payments.invoices.writing_repository import Change


class RefundCredits:
    """Works in the unit of work that books the refunds. Each counts once."""

    def __init__(self, payments: InvoicePayments, receipts: InvoicePaymentRepository, notes: CreditNotes) -> None:
        self._payments = payments
        self._receipts = receipts
        self._notes = notes

    async def take_back(
        self, invoice_id: UUID, amount_minor: int, refund_id: UUID, at: datetime, *, is_planned: bool = False
    ) -> None:
        """Count a refund on an invoice. What no cancellation and no credit note has taken off before is credited now, since a
        refund is a lower price and no debt of the customer's.

        is_planned: as in `InvoicePayments.take_back`. Raises what that raises, and SeriesExhausted.
        """
        await self._count(invoice_id, amount_minor, refund_id, at, Change(at, f"refund:{refund_id}"), is_planned=is_planned)

    async def take_back_earlier(self, source: Source, invoice_id: UUID, change: Change) -> None:
        """An `EarlierRefunds`. The invoice was issued in this unit of work, over all that was ordered and not cancelled."""
        for refund_id, amount_minor, at in await self._receipts.refunds_of(source):
            await self._count(invoice_id, amount_minor, refund_id, at, change, is_planned=False)

    async def _count(
        self, invoice_id: UUID, amount_minor: int, refund_id: UUID, at: datetime, change: Change, *, is_planned: bool
    ) -> None:
        done = await self._payments.take_back(invoice_id, amount_minor, refund_id, at, is_planned=is_planned)
        if done.uncredited_minor:
            await self._notes.refunded(invoice_id, done.uncredited_minor, change)
