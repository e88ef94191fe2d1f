"""What was paid on an invoice and not used: taken off it by a credit note, and its customer's credit from then on."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from services.payments.credit_notes.models import CreditNote
from services.payments.credit_notes.service import CreditNotes
from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.invoices.models import Invoice
from services.payments.invoices.paying import InvoicePayments
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.writing_repository import Change
from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from shared.runtime.ids import uuid7

_UNUSED: Final = "credit_note"
"""Of what money has paid: a refund of that money uses it up."""
_AGAIN: Final = "invoice_credit"
"""Of what credit has paid, and no refund gives back."""


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
        await self._give_back(note, change)
        return note.taxable_minor

    async def withdraw(self, invoice_id: UUID, change: Change) -> None:
        """Take all that is left off an invoice that is owed no more; what of it was paid is credit. Raises SeriesExhausted."""
        note = await self._notes.withdrawn(invoice_id, change)
        if note is not None:
            await self._give_back(note, change)

    async def credited(self, note: CreditNote, change: Change) -> None:
        """After a credit note by hand: what is over of an invoice and was paid with credit is credit again. What was paid with
        money comes first, and is for a refund to give back."""
        invoice, _, of_credit = await self._over(note)
        if of_credit:
            await self._return(invoice, note, {_AGAIN: of_credit}, change)

    async def _give_back(self, note: CreditNote, change: Change) -> None:
        invoice, over, of_credit = await self._over(note)
        await self._return(invoice, note, {_UNUSED: over - of_credit, _AGAIN: of_credit}, change)

    async def _over(self, note: CreditNote) -> tuple[Invoice, int, int]:
        """The invoice of a credit note, what of the note was paid, and what of that only credit can have paid."""
        invoice = await self._invoices.find(note.invoice_id, organization_id=None)
        assert invoice is not None, "a foreign key keeps it"
        over = max(invoice.paid_minor + invoice.credited_minor - invoice.total_minor, 0)
        used = await self._credits.used_on(invoice.id)
        amount = min(note.total_minor, over)
        return invoice, amount, max(min(used, amount, over - (invoice.paid_minor - used)), 0)

    async def _return(self, invoice: Invoice, note: CreditNote, parts: Mapping[str, int], change: Change) -> None:
        """parts: by the source of the entry, what is granted."""
        amount, key = sum(parts.values()), uuid7()
        if not amount:
            return
        await self._payments.take_back(invoice.id, amount, key, change.at, is_planned=True)
        await self._credits.add([_entry(invoice, note, source, part, change) for source, part in parts.items() if part])
        entries = (
            debit(Account.ACCOUNTS_RECEIVABLE, note.currency, amount),
            credit(Account.CUSTOMER_CREDIT, note.currency, amount),
        )
        said = "What was paid and not used is the customer's credit"
        await self._ledger.post([Posting(note.organization_id, "unused_credited", str(note.id), change.at, said, entries)])


def _entry(invoice: Invoice, note: CreditNote, source: str, amount_minor: int, change: Change) -> CreditEntry:
    assert invoice.customer_id is not None, "what was paid with credit, and a subscription, is a customer's"
    return CreditEntry(
        id=uuid7(),
        organization_id=note.organization_id,
        customer_id=invoice.customer_id,
        currency=note.currency,
        kind="grant",
        amount_minor=amount_minor,
        source=source,
        source_id=note.id,
        order_id=None,
        invoice_id=note.invoice_id,
        note=None,
        at=change.at,
    )
