"""Credit notes to be printed: the fields of rule 53(1A) of the CGST Rules."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from services.payments.credit_notes.models import CreditedLine, CreditNote, Reason
from services.payments.credit_notes.repository import CreditNoteReader, CreditNoteRepository
from services.payments.documents.models import Fact, Printed, PrintedLine, Total
from services.payments.documents.pdf_repository import PdfReader, PdfRepository
from services.payments.invoices.models import Invoice, InvoiceLine
from services.payments.invoices.party_models import Seller
from services.payments.invoices.printing import TAXES, buyer_party, day, seller_party, tax_rows, taxes_of
from services.payments.invoices.repository import InvoiceReader
from services.payments.money.words import in_words
from services.payments.tax.states import place_of_supply
from shared.contracts.money import Money

_REASONS: Final[dict[Reason, str]] = {
    "goods_returned": "Goods returned",
    "deficiency": "Deficiency in goods or services",
    "price_change": "Change of price",
    "cancelled": "Cancelled",
    "duplicate": "Invoiced twice",
    "refunded": "Refunded",
    "other": "Other",
}


class CreditNoteDocuments:
    """The credit notes of one unit of work, as `documents/rendering.py` asks for them."""

    def __init__(
        self,
        invoices: InvoiceReader,
        notes: CreditNoteReader,
        repository: CreditNoteRepository,
        pdfs: PdfRepository,
        known: PdfReader,
    ) -> None:
        self._invoices = invoices
        self._notes = notes
        self._repository = repository
        self._pdfs = pdfs
        self._known = known

    async def printed(self, document_ids: Sequence[UUID]) -> dict[UUID, Printed]:
        """What those of them say that have no PDF yet."""
        made = await self._known.known(list(document_ids))
        found = {}
        for note_id in sorted({*document_ids} - made):
            note = await self._notes.find(note_id, organization_id=None)
            if note is not None:
                found[note_id] = await self._printed(note)
        return found

    async def is_issued(self, document_id: UUID) -> bool:
        """Whether there is such a credit note: each is issued from the first."""
        return await self._notes.find(document_id, organization_id=None) is not None

    async def keep(self, document_id: UUID, content: bytes) -> None:
        """Write its PDF, unless there is one."""
        sha256 = await self._pdfs.keep(document_id, content)
        if sha256 is not None:
            await self._repository.note_pdf(document_id, sha256)

    async def _printed(self, note: CreditNote) -> Printed:
        invoice = await self._invoices.find(note.invoice_id, organization_id=None)
        assert invoice is not None, "a foreign key keeps it"
        assert invoice.seller is not None, "only issued invoices are credited"
        lines = {line.number: line for line in await self._invoices.lines(invoice.id)}
        credited = [(lines[line.invoice_line], line) for line in await self._notes.lines(note.id)]
        return printed(note, invoice, invoice.seller, credited)


def printed(note: CreditNote, invoice: Invoice, seller: Seller, credited: Sequence[tuple[InvoiceLine, CreditedLine]]) -> Printed:
    """A credit note. credited: each line of it with the invoice's."""
    taxes = taxes_of(line for _, line in credited)
    rows = ((original.hsn_sac, original.rate_bp, line.taxable_minor, line) for original, line in credited)
    return Printed(
        title="Credit note",
        number=note.number,
        moment=note.issued_at,
        currency=note.currency,
        seller=seller_party(seller),
        parties=(buyer_party(invoice.buyer, "Credited to"),),
        facts=tuple(_facts(note, invoice)),
        lines=tuple(_line(original, line) for original, line in credited),
        taxes=tuple(TAXES[name] for name in taxes),
        tax_rows=tax_rows(rows, taxes),
        totals=tuple(_totals(note, [line for _, line in credited], taxes, reverse_charge=invoice.reverse_charge)),
        words=in_words(Money(amount_minor=note.total_minor, currency=note.currency)),
        notes=note.note,
        signatory=seller.signatory,
    )


def _facts(note: CreditNote, invoice: Invoice) -> Iterable[Fact]:
    yield Fact("Number", note.number)
    yield Fact("Date", day(note.issued_on))
    yield Fact("For invoice", invoice.number or "")
    if invoice.issued_on is not None:
        yield Fact("Invoice date", day(invoice.issued_on))
    if invoice.place_of_supply is not None:
        yield Fact("Place of supply", place_of_supply(invoice.place_of_supply))
    yield Fact("Reason", _REASONS[note.reason])


def _line(original: InvoiceLine, line: CreditedLine) -> PrintedLine:
    return PrintedLine(
        original.number,
        original.description,
        original.hsn_sac or "",
        f"{line.quantity} {original.unit}" if line.quantity else "",
        original.unit_price_minor,
        0,
        line.taxable_minor,
        original.rate_bp,
        line.cgst_minor + line.sgst_minor + line.utgst_minor + line.igst_minor,
        line.total_minor,
    )


def _totals(note: CreditNote, lines: Sequence[CreditedLine], taxes: Sequence[str], *, reverse_charge: bool) -> Iterable[Total]:
    yield Total("Taxable value" if taxes else "Subtotal", note.taxable_minor)
    for name in taxes:
        label = f"{TAXES[name]}, payable by recipient" if reverse_charge else TAXES[name]
        yield Total(label, sum(getattr(line, name) for line in lines))
    if note.round_off_minor:
        yield Total("Round off", note.round_off_minor)
    yield Total("Total credit", note.total_minor, is_strong=True)
