"""Credit notes: their own numbers, the opposite in the ledger, never more than is left."""

from datetime import date

import pytest

from services.payments import invoice_deps as deps
from services.payments.credit_notes.errors import CreditAboveRemaining
from services.payments.credit_notes.models import CreditNote, Reason, Wanted, WantedLine
from services.payments.invoices.errors import InvoiceNotFound, InvoiceNotIssued
from services.payments.invoices.models import Invoice
from services.payments.tests.invoices.arrange import NOW, THEIRS, again, drafted, entries, issued, rows, seller
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import RenderCreditNotePdf
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published


async def credited(session: Session, invoice: Invoice, *lines: WantedLine, reason: Reason = "goods_returned") -> CreditNote:
    """A credit note of these lines, or of all that is left."""
    return await deps.credit_notes(session).issue(invoice.id, None, Wanted(reason, None, lines), NOW)


async def test_whole_invoice_is_credited_with_its_rounding(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)

    note = await credited(session, invoice)

    assert (note.number, note.issued_on, note.total_minor, note.round_off_minor) == (
        "CN/2526/00001",
        date(2026, 3, 2),
        625600,
        33,
    )
    assert await entries(session, "credit_note", note.id) == {
        "accounts_receivable": -625600,
        "revenue": 549950,
        "gst_output_igst": 75617,
        "round_off": 33,
    }
    after = await again(session, invoice)
    assert (after.credited_minor, after.balance_minor, after.status) == (625600, 0, "issued")
    await assert_published(session, RenderCreditNotePdf, credit_note_id=note.id)
    await assert_published(session, CancelMessages, subject_key=f"payments.invoice_reminder:{invoice.id}")


async def test_pieces_and_amounts_of_lines_are_credited_to_the_last_paisa(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)

    piece = await credited(session, invoice, WantedLine(1, quantity=1))
    price = await credited(session, invoice, WantedLine(2, taxable_minor=333), reason="price_change")
    rest = await credited(session, invoice)

    # A third of 3,701.50 and of its tax; 3.33 with 5 % of it; and what is left, with the rounding.
    assert (piece.taxable_minor, piece.tax_minor, piece.total_minor) == (123383, 22209, 145592)
    assert (price.taxable_minor, price.tax_minor, price.total_minor) == (333, 17, 350)
    assert (rest.taxable_minor, rest.tax_minor, rest.round_off_minor) == (426234, 53391, 33)
    assert piece.total_minor + price.total_minor + rest.total_minor == invoice.total_minor
    assert [note.number for note in (piece, price, rest)] == ["CN/2526/00001", "CN/2526/00002", "CN/2526/00003"]
    assert (await again(session, invoice)).balance_minor == 0


TOO_MUCH = [
    (WantedLine(1, quantity=4), "line 1 has 3 NOS and 370150 before tax left"),
    (WantedLine(1, taxable_minor=370151), "line 1 has 3 NOS and 370150 before tax left"),
    (WantedLine(3), "no line 3; its lines are 1 to 2"),
]


async def test_more_than_a_line_has_is_refused_and_changes_nothing(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)

    for line, why in TOO_MUCH:
        with pytest.raises(CreditAboveRemaining, match=why):
            await credited(session, invoice, line)

    assert (await again(session, invoice)).credited_minor == 0
    assert await rows(session, "SELECT 1 FROM credit_notes UNION ALL SELECT 1 FROM invoice_counters WHERE series = 'CN'") == []
    await assert_nothing_published(session, RenderCreditNotePdf)


async def test_nothing_is_credited_twice(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    await credited(session, invoice)

    with pytest.raises(CreditAboveRemaining, match="0 is asked for, and 0 of the invoice can be credited"):
        await credited(session, invoice)
    with pytest.raises(CreditAboveRemaining, match="line 1 has 0 NOS and 0 before tax left"):
        await credited(session, invoice, WantedLine(1, quantity=1))

    assert (await again(session, invoice)).credited_minor == 625600


async def test_reverse_charge_is_credited_without_the_tax_that_was_not_charged(session: Session) -> None:
    await seller(session)
    invoice = await issued(session, reverse_charge=True)

    note = await credited(session, invoice)

    assert (note.tax_minor, note.charged_tax_minor, note.total_minor) == (75617, 0, 550000)
    assert await entries(session, "credit_note", note.id) == {
        "accounts_receivable": -550000,
        "revenue": 549950,
        "round_off": 50,
    }


async def test_drafts_and_foreign_invoices_are_not_credited(session: Session) -> None:
    await seller(session)
    draft_id, invoice = await drafted(session), await issued(session)

    with pytest.raises(InvoiceNotIssued):
        await deps.credit_notes(session).issue(draft_id, None, Wanted("other", None, ()), NOW)
    with pytest.raises(InvoiceNotFound):
        await deps.credit_notes(session).issue(invoice.id, THEIRS, Wanted("other", None, ()), NOW)

    assert await rows(session, "SELECT 1 FROM credit_notes") == []
