"""Credit notes that people issue, and what follows for the order that the invoice bills."""

from uuid import UUID

from services.payments.credit_notes.models import CreditNote, Wanted
from services.payments.credit_notes.service import CreditNotes
from services.payments.credits.unused import UnusedCredits
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.writing_repository import Change
from services.payments.orders.receipts_repository import ReceiptRepository


class CreditingByHand:
    """Works in one unit of work. Orders are held before their invoices, as by payments."""

    def __init__(self, notes: CreditNotes, invoices: InvoiceReader, orders: ReceiptRepository, unused: UnusedCredits) -> None:
        self._notes = notes
        self._invoices = invoices
        self._orders = orders
        self._unused = unused

    async def issue(self, invoice_id: UUID, organization_id: UUID | None, wanted: Wanted, change: Change) -> CreditNote:
        """Take back what is wanted of an issued invoice. Its order owes as much less, so that nobody pays what is credited.

        Raises what `CreditNotes.issue` raises.
        """
        invoice = await self._invoices.find(invoice_id, organization_id=organization_id)
        order_id = invoice.order_id if invoice is not None else None
        if order_id is not None:
            await self._orders.lock([order_id])
        note = await self._notes.issue(invoice_id, organization_id, wanted, change)
        if order_id is not None:
            reason = f"credited by {note.number}"
            await self._orders.owe_less(order_id, note.total_minor, change.at, by=change.by, reason=reason)
        await self._unused.credited(note, change)
        return note
