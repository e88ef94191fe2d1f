"""What was paid on an invoice and not used: taken off it by a credit note, and its customer's credit from then on."""

from uuid import UUID

from services.payments.credit_notes.models import CreditNote
from services.payments.credit_notes.service import CreditNotes
from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.invoices.paying import InvoicePayments
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.writing_repository import Change
from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from shared.runtime.ids import uuid7


class UnusedCredits:
    """Works in one unit of work, under the lock of the invoice."""

    def __init__(
        self,
        notes: CreditNotes,
        invoices: InvoiceReader,
        payments: InvoicePayments,
        credit_entries: CreditRepository,
        ledger: Ledger,
    ) -> None:
        self._notes = notes
        self._invoices = invoices
        self._payments = payments
        self._credits = credit_entries
        self._ledger = ledger

    async def grant(self, invoice_id: UUID, most_minor: int, change: Change) -> int:
        """Take off an invoice at most so much before tax, with its tax; what of it was paid is credit. Returns what was taken off
        before tax. Raises SeriesExhausted."""
        note = await self._notes.unused(invoice_id, most_minor, change)
        if note is None:
            return 0
        key = uuid7()
        back = await self._payments.take_back(invoice_id, note.total_minor, key, change.at, is_planned=True)
        if back.applied_minor:
            await self._grant(note, key, back.applied_minor, change)
        return note.taxable_minor

    async def _grant(self, note: CreditNote, key: UUID, amount_minor: int, change: Change) -> None:
        invoice = await self._invoices.find(note.invoice_id, organization_id=None)
        assert invoice is not None, "a foreign key keeps it"
        assert invoice.customer_id is not None, "a subscription is a customer's"
        entry = CreditEntry(
            id=key,
            organization_id=note.organization_id,
            customer_id=invoice.customer_id,
            currency=note.currency,
            kind="grant",
            amount_minor=amount_minor,
            source="credit_note",
            source_id=note.id,
            order_id=None,
            invoice_id=note.invoice_id,
            note=None,
            at=change.at,
        )
        await self._credits.add([entry])
        entries = (
            debit(Account.ACCOUNTS_RECEIVABLE, note.currency, amount_minor),
            credit(Account.CUSTOMER_CREDIT, note.currency, amount_minor),
        )
        said = "What was paid and not used is the customer's credit"
        await self._ledger.post([Posting(note.organization_id, "unused_credited", str(note.id), change.at, said, entries)])
