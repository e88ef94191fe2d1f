"""What was not paid: tried again by the policy, ended by its money or its deadline, and each failure counted once."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments.gateways.facts import PaymentStatus
from services.payments.tests.dunning.arrange import DEADLINE, RUN, TRY_1, TRY_2, Owed, owed, settings
from services.payments.tests.subscriptions.arrange import Office, at, code, have_method, key, rows
from shared.contracts.message import Command
from shared.contracts.notifications import CancelMessages, SendPaymentFailed
from shared.contracts.payments import (
    CapturePayment,
    GenerateInvoice,
    HandleFailedPayment,
    PaymentFailed,
    ProcessPayment,
    ReleasePayment,
    SettleSubscription,
)
from shared.testing.messages import assert_nothing_published, assert_published, published


async def test_a_failure_told_twice_makes_it_past_due_once_and_says_when_it_is_tried_again(office: Office) -> None:
    one = await owed(office)

    await one.fail(1, office.clock())

    assert await one.status() == ("past_due", "past_due")
    assert await rows(office.session, RUN) == [("running", 1, 0, TRY_1)]
    told = await assert_published(office.session, SendPaymentFailed)
    assert (told.next_attempt_at, told.failure, told.amount.amount_minor) == (TRY_1, "No money.", 118_000)
    counted = await assert_published(office.session, PaymentFailed)
    assert (counted.tries, counted.kind, counted.amount.amount_minor) == (1, "later", 118_000)
    assert (await office.get(one.subscription))["access_until"] == "2026-03-09T18:30:00Z"


async def test_tries_are_made_when_they_are_due_and_end_with_the_budget(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock())
    await one.run(TRY_1 - timedelta(minutes=1))
    early = len(await published(office.session, ProcessPayment))
    for number, slot in enumerate((TRY_1, TRY_2, at(2026, 3, 7, 4, 30), at(2026, 3, 9, 4, 30)), start=2):
        await one.run(slot)
        assert len(await published(office.session, ProcessPayment)) == number
        await one.fail(number, slot + timedelta(seconds=1))

    assert (early, await rows(office.session, RUN)) == (1, [("running", 5, 4, None)])
    await one.run(DEADLINE)
    assert await one.status() == ("unpaid", "unpaid")
    assert (await office.get(one.subscription))["next_bill_at"] is None
    assert len(await published(office.session, SendPaymentFailed)) == 5
    await office.bill(at(2026, 6, 1))
    assert len(await office.periods(one.subscription)) == 1


async def test_money_ends_dunning_and_is_invoiced(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock())

    await one.pay(at(2026, 3, 2, 12))
    late = await office.run_task(HandleFailedPayment(payment_id=(await one.payment())[0]))
    await one.run(TRY_1)

    assert (late.outcome, await one.status()) == ("dropped", ("active", "paid"))
    assert [status for status, *_ in await rows(office.session, RUN)] == ["recovered"]
    await assert_published(office.session, GenerateInvoice, subscription_id=UUID(one.subscription["id"]))
    await assert_published(office.session, CancelMessages, reason="the period is paid")
    assert len(await published(office.session, ProcessPayment)) == 1


@pytest.mark.parametrize("kind", ["ask_customer", "our_setup"])
async def test_what_a_try_is_no_good_for_takes_nothing_of_the_budget(office: Office, kind: str) -> None:
    one = await owed(office)
    await one.fail(1, office.clock(), kind=kind)
    await one.run(TRY_1)

    tried = len(await published(office.session, ProcessPayment)) - 1
    assert (tried, len(await published(office.session, SendPaymentFailed))) == {"ask_customer": (0, 1), "our_setup": (1, 0)}[kind]
    assert [(used, next_try) for _, _, used, next_try in await rows(office.session, RUN)] == [(0, None)]
    await one.run(DEADLINE)
    assert await one.status() == ("unpaid", "unpaid")


async def test_another_card_is_charged_at_once_without_using_a_try(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock(), kind="ask_customer")
    new = await have_method(office.session, UUID(one.subscription["customer_id"]))

    path = f"/v1/subscriptions/{one.subscription['id']}"
    await office.ok("PATCH", path, json={"payment_method_id": str(new)}, headers={"If-Match": "*"})

    assert len(await published(office.session, ProcessPayment)) == 2
    assert await rows(office.session, "SELECT payment_method_id, status FROM payments") == [(new, "failed")]
    assert [used for _, _, used, _ in await rows(office.session, RUN)] == [0]
    await one.fail(2, office.clock(), kind="later")
    assert await rows(office.session, RUN) == [("running", 2, 0, TRY_1)]


async def test_what_a_gateway_is_at_is_neither_charged_again_nor_given_up(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock())
    await one.set_payment("processing")

    await one.run(TRY_1)
    await one.run(DEADLINE)
    cancelled = await office.act(one.subscription, "cancel", at="now")

    assert len(await published(office.session, ProcessPayment)) == 1
    assert cancelled.json()["status"] == "cancelled"
    assert (await office.periods(one.subscription))[0][2] == "past_due"


@pytest.mark.parametrize(("action", "left"), [("cancel", "cancelled"), ("start-anew", "active")])
async def test_what_was_given_up_while_a_gateway_was_at_it_is_void_once_that_declines(
    office: Office, action: str, left: str
) -> None:
    one = await owed(office)
    await one.fail(1, office.clock(), kind="ask_customer")
    await one.run(DEADLINE)
    await one.set_payment("processing")
    assert (await office.act(one.subscription, action, **({"at": "now"} if action == "cancel" else {}))).is_success
    waiting = await one.status()

    await one.fail(2, DEADLINE + timedelta(hours=1))
    for days in range(1, 9):
        await one.run(DEADLINE + timedelta(days=days))

    assert (waiting, await one.status()) == ((left, "unpaid"), (left, "void"))
    assert await rows(office.session, "SELECT status FROM payments") == [("cancelled",)]
    # As many as before: the charge that billing asked for, and what the customer heard of its decline.
    assert [len(await published(office.session, what)) for what in (ProcessPayment, SendPaymentFailed)] == [1, 1]


async def test_what_was_given_up_while_its_end_was_unknown_is_not_charged_once_it_was_never_made(office: Office) -> None:
    one = await owed(office)
    await one.set_payment("unknown")
    await office.act(one.subscription, "cancel", at="now")
    await one.set_payment("created")

    payment_id, _ = await one.payment()
    charged = await office.run_task(ProcessPayment(payment_id=payment_id))
    await one.run(TRY_1)

    assert (charged.outcome, await one.status()) == ("dropped", ("cancelled", "void"))
    assert await rows(office.session, "SELECT status, tries FROM payments") == [("cancelled", 0)]


async def test_what_was_given_up_is_paid_by_money_that_was_on_its_way(office: Office) -> None:
    one = await owed(office)
    await one.set_payment("processing")
    await office.act(one.subscription, "cancel", at="now")

    await one.pay(at(2026, 3, 2, 12))
    await one.run(TRY_1)

    assert await one.status() == ("cancelled", "paid")
    assert await rows(office.session, "SELECT kind FROM customer_credits") == []


async def test_one_that_is_cancelled_for_a_period_is_asked_for_none_of_the_others(office: Office) -> None:
    await settings(office, when_exhausted="cancel")
    subscription = await office.subscribe(await office.plan())
    await office.bill(at(2026, 4, 3))
    payments = await rows(office.session, "SELECT id FROM payments ORDER BY period_start")
    for (payment_id,), now in zip(payments, (at(2026, 4, 3), at(2026, 4, 8)), strict=True):
        await office.declined(payment_id, 1, "ask_customer", now)

    await Owed(office, subscription).run(at(2026, 4, 11, 4, 30))

    assert [status for *_, status, _ in await office.periods(subscription)] == ["void", "void"]
    assert await rows(office.session, "SELECT DISTINCT status FROM payments") == [("cancelled",)]


async def test_a_cancelled_one_is_asked_for_nothing_more_and_late_money_is_credit(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock())
    payment = await one.payment()

    await office.act(one.subscription, "cancel", at="now")
    await one.run(TRY_1)
    assert (await one.status(), await rows(office.session, RUN)) == (("cancelled", "void"), [("stopped", 1, 0, None)])
    await office.captured(*payment)

    assert await one.status() == ("cancelled", "void")
    assert await rows(office.session, "SELECT kind, amount_minor FROM customer_credits") == [("grant", 118_000)]
    await assert_nothing_published(office.session, GenerateInvoice)


@pytest.mark.parametrize(("is_cancelled", "command"), [(False, CapturePayment), (True, ReleasePayment)])
async def test_a_banks_late_yes_is_taken_only_while_the_period_is_owed(
    office: Office, is_cancelled: bool, command: type[Command]
) -> None:
    one = await owed(office)
    await one.fail(1, office.clock())
    payment_id, amount = await one.payment()
    if is_cancelled:
        await office.act(one.subscription, "cancel", at="now")

    await office.told(payment_id, amount, PaymentStatus.AUTHORIZED)

    await assert_published(office.session, command, payment_id=payment_id)
    other = CapturePayment if is_cancelled else ReleasePayment
    await assert_nothing_published(office.session, other)


async def test_an_unpaid_one_goes_on_when_it_is_paid_after_all(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock(), kind="ask_customer")
    await one.run(DEADLINE)
    office.clock.set(at(2026, 5, 10, 9))

    retried = await office.api.post(f"/v1/subscriptions/{one.subscription['id']}/retry", headers=key() | {"If-Match": "*"})
    await one.pay(at(2026, 5, 10, 9))
    await office.bill()

    assert retried.status_code == 202
    assert [start for start, *_ in await office.periods(one.subscription)] == ["2026-03-02", "2026-05-10"]
    assert (await office.get(one.subscription))["status"] == "active"


async def test_a_method_that_is_no_good_has_failed_when_it_is_billed(office: Office) -> None:
    plan_id = await office.plan()
    first = await office.subscribe(plan_id)
    await office.session.execute(text("UPDATE payment_methods SET status = 'cancelled'"))
    await office.bill()
    one = Owed(office, first)

    assert await one.status() == ("past_due", "past_due")
    told = await assert_published(office.session, SendPaymentFailed)
    assert (told.failure, told.next_attempt_at) == ("the stored payment method is cancelled", None)
    await assert_nothing_published(office.session, ProcessPayment)
    new = await have_method(office.session, UUID(first["customer_id"]))
    path = f"/v1/subscriptions/{first['id']}"
    await office.ok("PATCH", path, json={"payment_method_id": str(new)}, headers={"If-Match": "*"})
    assert await rows(office.session, "SELECT amount_minor, status FROM payments") == [(118_000, "created")]


async def test_who_pays_themselves_has_an_invoice_and_until_the_deadline(office: Office) -> None:
    await settings(office, when_exhausted="cancel")
    one = await owed(office, method=False)
    assert await one.status() == ("active", "open")
    await assert_published(office.session, GenerateInvoice, subscription_id=UUID(one.subscription["id"]))
    no_card = await office.api.post(f"/v1/subscriptions/{one.subscription['id']}/retry", headers=key() | {"If-Match": "*"})

    await one.run(DEADLINE)

    assert code(no_card) == (409, "subscription_forbids")
    assert await one.status() == ("cancelled", "void")
    await assert_published(office.session, SettleSubscription, charges_owed=False)
    await assert_nothing_published(office.session, SendPaymentFailed)


async def test_nobody_is_billed_or_tried_while_billing_is_paused(office: Office) -> None:
    one = await owed(office)
    await one.fail(1, office.clock())
    await office.ok("POST", "/v1/subscription-settings/pause-billing", json={"reason": "wrong prices"})
    other = await office.subscribe(await office.plan(code="other"))

    await one.run(TRY_1)
    await office.bill()
    assert (len(await published(office.session, ProcessPayment)), await office.periods(other)) == (1, [])

    await office.ok("POST", "/v1/subscription-settings/resume-billing")
    await one.run(TRY_1)
    await office.bill()
    assert (len(await published(office.session, ProcessPayment)), len(await office.periods(other))) == (3, 1)
