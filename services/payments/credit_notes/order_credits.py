"""Cancelled orders: what of an invoice is owed no more is credited in the unit of work that cancels it."""

from typing import Final
from uuid import UUID

from services.payments.credit_notes.models import CancelledPart, CreditedLine
from services.payments.credit_notes.service import CreditNotes
from services.payments.invoices.models import Source
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.writing_repository import Change as InvoiceChange
from services.payments.orders.models import Change
from services.payments.orders.shown_schemas import RefundLine, RefundPlanOut

_LONGEST_NOTE: Final = 500


class OrderCredits:
    """What orders know of their invoices; see `Invoicing`."""

    def __init__(self, invoices: InvoiceReader, notes: CreditNotes) -> None:
        self._invoices = invoices
        self._notes = notes

    async def is_invoiced(self, order_id: UUID) -> bool:
        """Whether an invoice bills the order; a draft does not yet."""
        invoice = await self._invoices.of_source(Source(order_id=order_id))
        return invoice is not None and invoice.status == "issued"

    async def credit(self, order_id: UUID, plan: RefundPlanOut, change: Change) -> None:
        """Take back what the plan takes off the order. Raises CreditAboveRemaining and SeriesExhausted."""
        note = (change.reason or "")[:_LONGEST_NOTE]
        part = CancelledPart(tuple(_credited(line) for line in plan.lines), plan.cancelled_minor, note)
        await self._notes.cancelled(order_id, part, InvoiceChange(change.at, change.by, change.reason))


def _credited(line: RefundLine) -> CreditedLine:
    return CreditedLine(
        invoice_line=line.number,
        quantity=line.quantity,
        taxable_minor=line.taxable_minor,
        cgst_minor=line.cgst_minor,
        sgst_minor=line.sgst_minor,
        utgst_minor=line.utgst_minor,
        igst_minor=line.igst_minor,
        total_minor=line.total_minor,
    )
