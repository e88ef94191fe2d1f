"""Void invoices, and disputes."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted, WantedLine
from services.payments.invoices.errors import InvoiceHasMoney, InvoiceNotFound, InvoiceNotIssued
from services.payments.tests.invoices.arrange import BOXES, NOW, THEIRS, again, drafted, entries, issued, of_trip, rows, seller
from shared.contracts.notifications import CancelMessages
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, published

TRIP = UUID(int=5)


async def test_void_invoice_keeps_its_number_and_is_undone_in_the_ledger(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)

    void = await deps.ending(session).void(invoice.id, None, replace(NOW, reason="Wrong buyer"))

    assert (void.status, void.number, void.voided_at, void.balance_minor) == ("void", "INV/2526/00001", NOW.at, 0)
    assert void.change_reason == "Wrong buyer"
    assert (await entries(session, "invoice_void", invoice.id))["accounts_receivable"] == -625600
    assert [message.subject_key for message in await published(session, CancelMessages)] == [
        f"payments.invoice_reminder:{invoice.id}",
        f"payments.invoice:{invoice.id}",
    ]
    assert (await issued(session)).number == "INV/2526/00002"


async def test_void_invoice_of_nothing_has_nothing_to_undo(session: Session) -> None:
    await seller(session)
    invoice = await issued(session, lines=[replace(BOXES, discount_minor=375150)])

    await deps.ending(session).void(invoice.id, None, NOW)

    assert await rows(session, "SELECT 1 FROM ledger_transactions") == []


async def test_what_a_void_invoice_was_for_can_be_invoiced_anew(session: Session) -> None:
    await seller(session)
    first = await issued(session, source=of_trip(TRIP))
    same = await issued(session, source=of_trip(TRIP))
    await deps.ending(session).void(first.id, None, NOW)

    second = await issued(session, source=of_trip(TRIP))

    assert (same.id, second.number) == (first.id, "INV/2526/00002")


async def test_paid_and_credited_invoices_are_not_void(session: Session) -> None:
    await seller(session)
    paid, credited = await issued(session), await issued(session)
    await deps.invoice_payments(session).apply(paid.id, 1, UUID(int=1), NOW.at)
    await deps.credit_notes(session).issue(credited.id, None, Wanted("other", None, (WantedLine(1, 1),)), NOW)

    for invoice in (paid, credited):
        with pytest.raises(InvoiceHasMoney, match="issue a credit note for what is left"):
            await deps.ending(session).void(invoice.id, None, NOW)

    assert await rows(session, "SELECT DISTINCT status FROM invoices") == [("issued",)]
    await assert_nothing_published(session, CancelMessages)


async def test_drafts_void_and_foreign_invoices_are_neither_void_nor_disputed(session: Session) -> None:
    await seller(session)
    draft_id, invoice = await drafted(session), await issued(session)
    void = await issued(session)
    ending = deps.ending(session)
    await ending.void(void.id, None, NOW)

    for invoice_id in (draft_id, void.id):
        with pytest.raises(InvoiceNotIssued):
            await ending.void(invoice_id, None, NOW)
        with pytest.raises(InvoiceNotIssued):
            await ending.dispute(invoice_id, None, NOW, disputed=True)
    with pytest.raises(InvoiceNotFound):
        await ending.void(invoice.id, THEIRS, NOW)

    assert (await again(session, invoice)).status == "issued"
    assert (await again(session, draft_id)).status == "draft"


async def test_dispute_takes_reminders_back_and_ends(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    ending = deps.ending(session)

    disputed = [await ending.dispute(invoice.id, None, NOW, disputed=True) for _ in range(2)]
    over = await ending.dispute(invoice.id, None, NOW, disputed=False)

    assert [one.disputed_at for one in disputed] == [NOW.at, NOW.at]
    assert (over.disputed_at, over.version) == (None, disputed[1].version + 1)
    (cancelled,) = await published(session, CancelMessages)
    assert cancelled.subject_key == f"payments.invoice_reminder:{invoice.id}"
