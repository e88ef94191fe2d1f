"""Money on invoices: once for each payment, the surplus returned, reminders taken back."""

from uuid import UUID

import pytest

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted, WantedLine
from services.payments.invoices.errors import InvoiceNotFound, PaymentNotApplicable
from services.payments.invoices.models import Applied
from services.payments.tests.invoices.arrange import NOW, OURS, again, drafted, issued, rows, seller
from shared.contracts.notifications import CancelMessages
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published

FIRST, SECOND = UUID(int=1), UUID(int=2)


async def test_payments_in_part_add_up_and_the_last_one_returns_its_surplus(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    payments = deps.invoice_payments(session)

    part = await payments.apply(invoice.id, 600000, FIRST, NOW.at)
    await assert_nothing_published(session, CancelMessages)
    rest = await payments.apply(invoice.id, 30000, SECOND, NOW.at)

    assert (part, rest) == (Applied(600000, 0, 25600), Applied(25600, 4400, 0))
    paid = await again(session, invoice)
    assert (paid.paid_minor, paid.balance_minor, paid.changed_by) == (625600, 0, f"payment:{SECOND}")
    await assert_published(session, CancelMessages, subject_key=f"payments.invoice_reminder:{invoice.id}")


async def test_payment_that_is_told_of_twice_counts_once(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    payments = deps.invoice_payments(session)

    told = [await payments.apply(invoice.id, 700000, FIRST, NOW.at) for _ in range(2)]

    assert told == [Applied(625600, 74400, 0)] * 2
    assert await rows(session, "SELECT amount_minor, applied_minor FROM invoice_payments") == [(700000, 625600)]


async def test_refund_that_nothing_is_credited_for_makes_it_due_again_and_counts_once(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    payments = deps.invoice_payments(session)
    await payments.apply(invoice.id, 625600, FIRST, NOW.at)

    told = [await payments.take_back(invoice.id, 700000, SECOND, NOW.at) for _ in range(2)]

    assert told == [Applied(625600, 74400, 625600, uncredited_minor=625600), Applied(625600, 74400, 625600)]
    assert (await again(session, invoice)).balance_minor == 625600


async def test_refund_of_what_was_credited_makes_nothing_due(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    payments = deps.invoice_payments(session)
    await payments.apply(invoice.id, 625600, FIRST, NOW.at)
    note = await deps.credit_notes(session).issue(invoice.id, None, Wanted("deficiency", None, (WantedLine(2),)), NOW)

    told = await payments.take_back(invoice.id, note.total_minor, SECOND, NOW.at)

    assert told == Applied(note.total_minor, 0, 0)
    after = await again(session, invoice)
    assert (after.paid_minor, after.credited_minor, after.balance_minor) == (625600 - 188790, 188790, 0)


async def test_money_on_a_void_invoice_is_all_surplus(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    await deps.ending(session).void(invoice.id, None, NOW)

    assert await deps.invoice_payments(session).apply(invoice.id, 100, FIRST, NOW.at) == Applied(0, 100, 0)
    assert (await again(session, invoice)).paid_minor == 0


async def test_amounts_of_nothing_drafts_and_unknown_invoices_are_refused(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    draft_id = await drafted(session)
    payments = deps.invoice_payments(session)

    for invoice_id, amount_minor in ((invoice.id, 0), (invoice.id, -1), (draft_id, 1)):
        with pytest.raises(PaymentNotApplicable):
            await payments.apply(invoice_id, amount_minor, FIRST, NOW.at)
        with pytest.raises(PaymentNotApplicable):
            await payments.take_back(invoice_id, amount_minor, FIRST, NOW.at)
    with pytest.raises(InvoiceNotFound):
        await payments.apply(OURS, 1, FIRST, NOW.at)

    assert await rows(session, "SELECT 1 FROM invoice_payments") == []
    assert (await again(session, invoice)).paid_minor == 0
