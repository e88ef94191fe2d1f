"""Reminders: each step once, by the seller's day; one after an outage; none when it is overtaken."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest

from services.payments import invoice_deps as deps
from services.payments import orders_deps
from services.payments.credit_notes.models import Wanted
from services.payments.invoice_reminders import service as reminders_service
from services.payments.invoice_reminders.repository import ReminderRepository
from services.payments.invoices.models import Invoice, Source
from services.payments.invoices.party_models import Buyer
from services.payments.tests.invoices.arrange import CUSTOMER, NOW, at, issued, rows, seller
from services.payments.tests.payments.arrange import TOTAL, have_customer, have_order
from shared.contracts.money import Money
from shared.contracts.notifications import SendInvoiceOverdue, SendTemplatedEmail
from shared.contracts.payments import ProcessOverdueInvoices
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published

DUE: Final = date(2026, 3, 17)
"""15 days after the day on which the tests issue."""


def slot(days: int) -> datetime:
    """02:00 in UTC, so many days after the due day; in Kolkata it is 07:30 of the same day."""
    return at(2026, 3, 17, 2) + timedelta(days=days)


async def steps(session: Session) -> list[tuple[int, date]]:
    """The reminders that went out: step and day."""
    return [(row[0], row[1]) for row in await rows(session, "SELECT days, reminded_on FROM invoice_reminders ORDER BY days")]


async def test_each_step_goes_out_once_though_run_twice_daily(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    invoice = await issued(session)

    for days in (-14, -4, -3, -2, -1, 0, 1, 3, 4, 7, 8, 14, 15, 16, 39):
        for _ in range(2):
            assert (await run_task(ProcessOverdueInvoices(slot=slot(days)))).outcome == "done"

    assert await steps(session) == [(days, DUE + timedelta(days=days)) for days in (-3, 0, 3, 7, 15)]
    before = await published(session, SendTemplatedEmail)
    after = await published(session, SendInvoiceOverdue)
    assert [mail.dedupe_key for mail in before] == [f"payments.invoice_reminder:{invoice.id}:{days}" for days in (-3, 0)]
    assert [mail.context["days_left"] for mail in before] == [3, 0]
    assert (before[0].template_name, before[0].attachments) == ("invoice_due", [f"payments.invoice:{invoice.id}"])
    assert before[0].context["amount_due"] == {"amount_minor": 625600, "currency": "INR"}
    assert [notice.days_overdue for notice in after] == [3, 7, 15]
    assert {(notice.to_person, notice.subject_key) for notice in after} == {
        (f"payments.customer:{CUSTOMER}", f"payments.invoice_reminder:{invoice.id}")
    }
    assert (after[0].amount_due, after[0].valid_until) == (Money(amount_minor=625600, currency="INR"), slot(5))


async def test_after_an_outage_the_latest_step_goes_out_alone(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    await issued(session)

    for days in (9, 10, 14):
        await run_task(ProcessOverdueInvoices(slot=slot(days)))

    assert await steps(session) == [(7, date(2026, 3, 26))]
    assert (await assert_published(session, SendInvoiceOverdue)).days_overdue == 9


async def test_local_day_of_the_seller_counts(session: Session, run_task: TaskRunner) -> None:
    await seller(session, time_zone="America/New_York", gstin=None)
    await issued(session, buyer=Buyer(name="Ravi", state_code="27"))

    # 02:00 in UTC is the evening before in New York.
    await run_task(ProcessOverdueInvoices(slot=slot(-3)))
    early = await steps(session)
    await run_task(ProcessOverdueInvoices(slot=slot(-2)))

    assert (early, await steps(session)) == ([], [(-3, date(2026, 3, 14))])


async def test_step_on_the_day_of_issue_or_before_is_left_out(session: Session, run_task: TaskRunner) -> None:
    await seller(session, terms_days=0)
    await issued(session)

    for days in range(-15, -11):
        await run_task(ProcessOverdueInvoices(slot=slot(days)))

    # Due on the day of issue, the second of March: the first reminder is the third day after.
    assert await steps(session) == [(3, date(2026, 3, 5))]


async def _pay(session: Session, invoice: Invoice) -> None:
    await deps.invoice_payments(session).apply(invoice.id, 625600, UUID(int=1), NOW.at)


async def _void(session: Session, invoice: Invoice) -> None:
    await deps.ending(session).void(invoice.id, None, NOW)


async def _credit(session: Session, invoice: Invoice) -> None:
    await deps.credit_notes(session).issue(invoice.id, None, Wanted("cancelled", None, ()), NOW)


async def _dispute(session: Session, invoice: Invoice) -> None:
    await deps.ending(session).dispute(invoice.id, None, NOW, disputed=True)


@pytest.mark.parametrize("overtake", [_pay, _void, _credit, _dispute])
async def test_nobody_is_reminded_of_what_is_overtaken(session: Session, run_task: TaskRunner, overtake: object) -> None:
    await seller(session)
    await overtake(session, await issued(session))  # type: ignore[operator]  # one of the four above

    await run_task(ProcessOverdueInvoices(slot=slot(3)))

    assert await steps(session) == []
    await assert_nothing_published(session, SendInvoiceOverdue, SendTemplatedEmail)


async def test_part_that_is_left_is_what_is_asked_for(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    invoice = await issued(session)
    await deps.invoice_payments(session).apply(invoice.id, 600000, UUID(int=1), NOW.at)

    await run_task(ProcessOverdueInvoices(slot=slot(3)))

    assert (await assert_published(session, SendInvoiceOverdue)).amount_due == Money(amount_minor=25600, currency="INR")


async def test_chunks_follow_each_other_and_reach_every_invoice_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders_service, "CHUNK", 2)
    await seller(session)
    ids = sorted([(await issued(session)).id for _ in range(5)])
    first, second = (
        await deps.invoice_reminders(session).remind(slot(3), None),
        await deps.invoice_reminders(session).remind(slot(3), ids[1]),
    )

    follow_ups = [message.after for message in await published(session, ProcessOverdueInvoices)]
    third = await deps.invoice_reminders(session).remind(slot(3), ids[3])

    assert (first, second, third) == (2, 2, 1)
    assert follow_ups == [ids[1], ids[3]]
    assert [row[0] for row in await rows(session, "SELECT invoice_id FROM invoice_reminders ORDER BY 1")] == ids


async def test_who_cannot_be_reached_is_noted_and_not_written_to(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    await issued(session, customer_id=None, buyer=Buyer(name="Ravi", state_code="27"))

    taken, last = await ReminderRepository(session).take(slot(3), after=None, limit=10)

    assert ([reminder.step for reminder in taken], last) == ([3], None)
    await run_task(ProcessOverdueInvoices(slot=slot(7)))
    await assert_nothing_published(session, SendInvoiceOverdue)


async def test_who_has_a_number_alone_hears_once_it_is_overdue(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    await issued(session, customer_id=None, buyer=Buyer(name="Ravi", state_code="27", phone="+919812345678"))

    for days in (0, 3):
        await run_task(ProcessOverdueInvoices(slot=slot(days)))

    await assert_nothing_published(session, SendTemplatedEmail)
    overdue = await assert_published(session, SendInvoiceOverdue, to_phone="+919812345678")
    assert (overdue.to_email, overdue.to_name) == (None, "Ravi")


async def test_nobody_is_reminded_of_what_was_paid_for_an_order_and_given_back(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    order = await have_order(session, await have_customer(session))
    money = orders_deps.order_payments(session)
    await money.received(order, TOTAL, uuid7(), NOW.at)
    await money.refunded(order, TOTAL - 1000, uuid7(), NOW.at)
    await issued(session, source=Source(order_id=order), prepaid_minor=1000)
    await issued(session)

    await run_task(ProcessOverdueInvoices(slot=slot(0)))

    assert len(await steps(session)) == 1
