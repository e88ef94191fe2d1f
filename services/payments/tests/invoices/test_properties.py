"""Figures of any invoice and any credit notes on it: what is shown adds up, and nothing is credited that was not asked for."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.credit_notes.errors import CreditAboveRemaining
from services.payments.credit_notes.figures import Credit, credit, of_amount
from services.payments.credit_notes.models import Before, CreditedLine, WantedLine
from services.payments.invoices.figures import compute
from services.payments.invoices.models import DraftLine, Invoice, InvoiceDraft, Number
from services.payments.invoices.numbering import financial_year, shown
from services.payments.invoices.posting import issued as posting_of
from services.payments.legal_entities.models import LegalEntity
from services.payments.tests.invoices.arrange import ASHA, DRAFT, NEIGHBOUR, NOW, OURS, SELLER

LINES = st.lists(
    st.builds(
        lambda quantity, price, off, rate: DraftLine("x", "4819", quantity, "NOS", price, quantity * price * off // 100, rate),
        st.integers(1, 40),
        st.integers(0, 10**6),
        st.integers(0, 100),
        st.sampled_from([0, 25, 500, 1200, 1800, 2800]),
    ),
    min_size=1,
    max_size=6,
)
DRAFTS = st.builds(
    lambda lines, buyer, reverse: replace(
        DRAFT, lines=lines, buyer=buyer, reverse_charge=reverse, place_of_supply=buyer.state_code
    ),
    LINES,
    st.sampled_from([ASHA, NEIGHBOUR]),
    st.booleans(),
)
ENTITIES = st.builds(
    lambda gstin, rounding: LegalEntity(
        **{**vars_of(SELLER), "gstin": gstin, "round_to_minor": rounding, "id": OURS, "organization_id": OURS}
    ),
    st.sampled_from([SELLER.gstin, None]),
    st.sampled_from([1, 5, 100]),
)


def vars_of(body: object) -> dict[str, object]:
    """The columns that a request's body makes."""
    content = SELLER.content()
    assert body is SELLER
    return {name: getattr(content, name) for name in content.__slots__}


def invoice_of(draft: InvoiceDraft, entity: LegalEntity) -> tuple[Invoice, tuple[object, ...]]:
    """An invoice of these figures, without a database, and its lines."""
    computed = compute(draft, entity)
    figures = computed.figures
    invoice = Invoice(
        id=UUID(int=1), organization_id=OURS, legal_entity_id=OURS, customer_id=None, status="issued", series="INV",
        financial_year="2526", sequence=1, number="INV/2526/00001", issued_at=NOW.at, issued_on=date(2026, 3, 2),
        due_on=date(2026, 3, 2), supplied_from=None, supplied_to=None, currency="INR", taxable_minor=figures.taxable_minor,
        tax_minor=figures.tax_minor, charged_tax_minor=figures.charged_tax_minor, round_off_minor=figures.round_off_minor,
        total_minor=figures.total_minor, prepaid_minor=0, paid_minor=0, credited_minor=0, balance_minor=figures.total_minor,
        seller=None, buyer=draft.buyer, place_of_supply=draft.place_of_supply, supply_kind="domestic",
        reverse_charge=draft.reverse_charge and entity.gstin is not None, terms_days=None, notes=None, order_id=None,
        subscription_id=None, period_start=None, trip_id=None, pdf_sha256=None, disputed_at=None, voided_at=None, version=1,
        created_at=NOW.at, updated_at=NOW.at, changed_by="x", change_reason=None,
    )  # fmt: skip
    return invoice, computed.lines


@settings(max_examples=80, deadline=None)
@given(draft=DRAFTS, entity=ENTITIES)
def test_lines_sum_to_the_invoice_and_its_posting_balances(draft: InvoiceDraft, entity: LegalEntity) -> None:
    invoice, lines = invoice_of(draft, entity)
    computed = compute(draft, entity)

    taxes = [line.cgst_minor + line.sgst_minor + line.utgst_minor + line.igst_minor for line in computed.lines]
    assert sum(line.taxable_minor for line in computed.lines) == invoice.taxable_minor
    assert sum(taxes) == invoice.tax_minor
    assert sum(line.total_minor for line in computed.lines) + invoice.round_off_minor == invoice.total_minor
    assert invoice.charged_tax_minor == (0 if draft.reverse_charge or entity.gstin is None else invoice.tax_minor)
    assert invoice.total_minor % entity.round_to_minor == 0
    assert abs(invoice.round_off_minor) * 2 <= entity.round_to_minor
    assert all((line.igst_minor == 0) or (line.cgst_minor + line.sgst_minor == 0) for line in computed.lines)
    assert sum(entry.amount_minor for entry in posting_of(invoice, computed.lines).entries) == 0
    assert len(lines) == len(draft.lines)


@settings(max_examples=80, deadline=None)
@given(draft=DRAFTS, entity=ENTITIES, data=st.data())
def test_any_credit_notes_together_never_exceed_the_invoice_and_the_rest_closes_it(
    draft: InvoiceDraft, entity: LegalEntity, data: st.DataObject
) -> None:
    invoice, _ = invoice_of(draft, entity)
    lines = compute(draft, entity).lines
    before = Before({}, 0)
    for _ in range(data.draw(st.integers(0, 4))):
        left = invoice.total_minor - invoice.credited_minor
        if left and data.draw(st.booleans()):
            invoice, before = _with(invoice, before, of_amount(invoice, lines, before, data.draw(st.integers(1, left))))
            continue
        line = data.draw(st.sampled_from(lines))
        pieces = data.draw(st.booleans())
        amount = data.draw(st.integers(1, max(line.quantity if pieces else line.taxable_minor, 1)))
        wanted = WantedLine(line.number, amount) if pieces else WantedLine(line.number, taxable_minor=amount)
        invoice, before = _credited(invoice, lines, before, [wanted])
    invoice, before = _credited(invoice, lines, before, [])

    assert invoice.credited_minor == invoice.total_minor
    if invoice.total_minor:
        assert sum(line.taxable_minor for line in before.lines.values()) == invoice.taxable_minor
        for line in lines:
            back = before.lines.get(line.number)
            taken = (back.cgst_minor, back.sgst_minor, back.igst_minor) if back else (0, 0, 0)
            assert taken == (line.cgst_minor, line.sgst_minor, line.igst_minor)


def _credited(invoice: Invoice, lines: tuple, before: Before, wanted: list[WantedLine]) -> tuple[Invoice, Before]:  # type: ignore[type-arg]
    """The invoice after one more credit note, or unchanged where that is refused."""
    try:
        note = credit(invoice, lines, before, wanted)
    except CreditAboveRemaining:
        return invoice, before
    return _with(invoice, before, note)


def _with(invoice: Invoice, before: Before, note: Credit) -> tuple[Invoice, Before]:
    """The invoice after this credit note, which adds up and takes back no more than is left."""
    figures = note.figures
    assert 0 < figures.total_minor <= invoice.total_minor - invoice.credited_minor
    assert figures.total_minor == figures.taxable_minor + figures.charged_tax_minor + figures.round_off_minor
    assert abs(figures.round_off_minor) <= 100 + 2 * len(note.lines)
    assert all(min(getattr(one, name) for name in CreditedLine.__slots__) >= 0 for one in note.lines)
    merged = dict(before.lines)
    for one in note.lines:
        old = merged.get(one.invoice_line)
        merged[one.invoice_line] = one if old is None else _sum(old, one)
    after = replace(invoice, credited_minor=invoice.credited_minor + note.figures.total_minor)
    return after, Before(merged, before.round_off_minor + note.figures.round_off_minor)


def _sum(old: CreditedLine, new: CreditedLine) -> CreditedLine:
    names = [name for name in CreditedLine.__slots__ if name != "invoice_line"]
    return replace(old, **{name: getattr(old, name) + getattr(new, name) for name in names})


@settings(max_examples=100, deadline=None)
@given(day=st.dates(date(2000, 1, 1), date(2098, 12, 31)), month=st.integers(1, 12), sequence=st.integers(1, 99999))
def test_every_day_lies_in_one_financial_year_and_numbers_have_sixteen_characters_at_most(
    day: date, month: int, sequence: int
) -> None:
    year = financial_year(day, month)
    first_year = day.year if day.month >= month else day.year - 1

    assert financial_year(date(first_year, month, 1), month) == year
    assert financial_year(date(first_year + 1, month, 1), month) != year
    assert len(shown(Number("PUN-1", year, sequence, day))) == 16
