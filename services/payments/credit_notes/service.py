"""Credit notes: a number of their own series, the opposite in the ledger, and less to be paid, in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.payments.credit_notes.errors import CreditAboveRemaining, CreditNoteNotFound
from services.payments.credit_notes.figures import Credit, agreed, credit, of_amount, of_taxable
from services.payments.credit_notes.models import Before, CancelledPart, CreditedLine, CreditNote, Wanted
from services.payments.credit_notes.repository import CreditNoteReader, CreditNoteRepository
from services.payments.invoices.models import Invoice, InvoiceLine, Number, Source
from services.payments.invoices.numbering import financial_year, shown
from services.payments.invoices.posting import CREDIT_NOTE, sale
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.stored import in_force
from services.payments.invoices.withdrawal import Withdrawal
from services.payments.invoices.writing_repository import Change, InvoiceRepository
from services.payments.ledger.models import Entry, Posting
from services.payments.ledger.repository import Ledger
from services.payments.legal_entities.models import LegalEntity
from services.payments.legal_entities.service import Sellers
from services.payments.periods.zones import day_at
from shared.contracts.payments import RenderCreditNotePdf
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher


class CreditNotes:
    """Works in one unit of work, under the lock of the invoice."""

    def __init__(
        self,
        invoices: tuple[InvoiceReader, InvoiceRepository],
        notes: tuple[CreditNoteReader, CreditNoteRepository],
        sellers: Sellers,
        ledger: Ledger,
        withdrawal: Withdrawal,
        publisher: Publisher,
    ) -> None:
        self._invoices, self._invoice_repository = invoices
        self._notes, self._repository = notes
        self._sellers = sellers
        self._ledger = ledger
        self._withdrawal = withdrawal
        self._publisher = publisher

    async def issue(self, invoice_id: UUID, organization_id: UUID | None, wanted: Wanted, change: Change) -> CreditNote:
        """Take back what is wanted of an issued invoice. What was paid on it stays paid, and is for a refund to give back.

        Raises InvoiceNotFound, InvoiceNotIssued, CreditAboveRemaining and SeriesExhausted.
        """
        invoice = in_force(await self._invoice_repository.lock(invoice_id, organization_id=organization_id))
        lines = await self._invoices.lines(invoice_id)
        found = credit(invoice, lines, await self._notes.before(invoice_id), wanted.lines)
        return await self._write(invoice, found, wanted, change)

    async def cancelled(self, order_id: UUID, what: CancelledPart, change: Change) -> CreditNote | None:
        """Take back what of an order is cancelled; None where no invoice bills it, or refunds have taken it all back. Lock the
        order before.

        Raises CreditAboveRemaining where more is owed less than what is left of the invoice, and SeriesExhausted.
        """
        known = await self._invoices.of_source(Source(order_id=order_id))
        if known is None or known.status != "issued" or not what.total_minor:
            return None
        invoice = in_force(await self._invoice_repository.lock(known.id, organization_id=None))
        lines = await self._invoices.lines(known.id)
        billed = {line.source_line: line.number for line in lines}
        wanted = [replace(line, invoice_line=billed[line.invoice_line]) for line in what.lines]
        found = _cancelled(invoice, lines, await self._notes.before(known.id), wanted, what.total_minor)
        return await self._write(invoice, found, Wanted("cancelled", what.note, ()), change) if found is not None else None

    async def refunded(self, invoice_id: UUID, most_minor: int, change: Change) -> CreditNote | None:
        """Take back what was refunded, as far as it is not taken back yet; None where nothing is left. Raises SeriesExhausted."""
        invoice = in_force(await self._invoice_repository.lock(invoice_id, organization_id=None))
        amount = min(most_minor, invoice.total_minor - invoice.credited_minor)
        if not amount:
            return None
        found = of_amount(invoice, await self._invoices.lines(invoice_id), await self._notes.before(invoice_id), amount)
        return await self._write(invoice, found, Wanted("refunded", None, ()), change)

    async def unused(self, invoice_id: UUID, most_minor: int, change: Change) -> CreditNote | None:
        """Take back what was billed and is not used, before tax, as far as it is not taken back yet; None where nothing is left.
        Raises SeriesExhausted."""
        invoice = in_force(await self._invoice_repository.lock(invoice_id, organization_id=None))
        found = of_taxable(invoice, await self._invoices.lines(invoice_id), await self._notes.before(invoice_id), most_minor)
        return await self._write(invoice, found, Wanted("price_change", None, ()), change) if found is not None else None

    async def withdrawn(self, invoice_id: UUID, change: Change) -> CreditNote | None:
        """Take back all that is left of an invoice that is owed no more; None where nothing is left. Raises SeriesExhausted."""
        invoice = in_force(await self._invoice_repository.lock(invoice_id, organization_id=None))
        if invoice.credited_minor == invoice.total_minor:
            return None
        found = credit(invoice, await self._invoices.lines(invoice_id), await self._notes.before(invoice_id), ())
        return await self._write(invoice, found, Wanted("cancelled", change.reason, ()), change)

    async def _write(self, invoice: Invoice, found: Credit, wanted: Wanted, change: Change) -> CreditNote:
        entity = await self._sellers.of(invoice.organization_id, invoice.legal_entity_id)
        note = _note(invoice, found, wanted, await self._number(entity, change), change)
        await self._repository.insert(note, found.lines)
        await self._invoice_repository.add_credit(invoice.id, note.total_minor, change)
        await self._ledger.post([_posting(note, found)])
        if invoice.balance_minor and invoice.balance_minor <= note.total_minor:
            await self._withdrawal.of_reminders(invoice.id, "the invoice is credited")
        self._publisher.publish(RenderCreditNotePdf(credit_note_id=note.id))
        return note

    async def _number(self, entity: LegalEntity, change: Change) -> Number:
        day = day_at(change.at, entity.time_zone)
        year = financial_year(day, entity.financial_year_start_month)
        return await self._invoice_repository.take_number(entity.id, entity.credit_note_prefix, year, day)


def found(note: CreditNote | None) -> CreditNote:
    """The credit note that is there. Raises CreditNoteNotFound."""
    if note is None:
        raise CreditNoteNotFound("there is no credit note with this id; GET /v1/credit-notes lists those that you may see")
    return note


def _cancelled(
    invoice: Invoice, lines: Sequence[InvoiceLine], before: Before, wanted: Sequence[CreditedLine], total_minor: int
) -> Credit | None:
    """The lines to the last minor unit; where earlier credit notes have taken back some of them, what is owed less. Raises
    CreditAboveRemaining where that is more than what is left and what refunds have taken back."""
    try:
        return agreed(invoice, lines, before, wanted, total_minor)
    except CreditAboveRemaining:
        remaining = invoice.total_minor - invoice.credited_minor
        if total_minor - remaining > before.refunded_minor:
            raise
        amount = min(total_minor, remaining)
        return of_amount(invoice, lines, before, amount) if amount else None


def _note(invoice: Invoice, credited: Credit, wanted: Wanted, number: Number, change: Change) -> CreditNote:
    figures = credited.figures
    return CreditNote(
        id=uuid7(),
        organization_id=invoice.organization_id,
        legal_entity_id=invoice.legal_entity_id,
        invoice_id=invoice.id,
        series=number.series,
        financial_year=number.financial_year,
        sequence=number.sequence,
        number=shown(number),
        issued_at=change.at,
        issued_on=number.issued_on,
        reason=wanted.reason,
        note=wanted.note,
        currency=invoice.currency,
        taxable_minor=figures.taxable_minor,
        tax_minor=figures.tax_minor,
        charged_tax_minor=figures.charged_tax_minor,
        round_off_minor=figures.round_off_minor,
        total_minor=figures.total_minor,
        pdf_sha256=None,
        created_by=change.by,
    )


def _posting(note: CreditNote, credited: Credit) -> Posting:
    """The opposite of a sale."""
    entries = tuple(Entry(one.account, one.currency, -one.amount_minor) for one in sale(note, credited.lines))
    return Posting(note.organization_id, CREDIT_NOTE, str(note.id), note.issued_at, f"Credit note {note.number}", entries)
