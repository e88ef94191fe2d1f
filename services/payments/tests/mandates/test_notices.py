"""Mandates are charged on notices that their holders have had, and on nothing else."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments import subscription_deps as deps
from services.payments.mandates.models import LEAD, Heard
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.subscriptions.arrange import Office, at, have_customer, have_method, rows
from shared.contracts.notifications import SendPaymentFailed
from shared.contracts.payments import (
    HandleFailedPayment,
    PlanDebitNotices,
    ProcessDunning,
    ProcessPayment,
    ResolvePayment,
    SendDebitNotice,
)
from shared.testing.messages import assert_nothing_published, assert_published, outbox_of, published

T: Final = at(2026, 4, 1, 18, 30)
"""Midnight of 2 April in India, when the period from then on is billed."""
NOTICES: Final = "SELECT number, status, amount_minor, charge_after, then_charge FROM mandate_notices ORDER BY start_on, number"


async def _begun(office: Office, gateway: GatewayStandIn, kind: str = "card", label: str = "Visa 1111", **token: Any) -> Any:
    """Subscribed on trial until 2 April, on a mandate."""
    customer_id = await have_customer(office.session)
    mandate = await gateway.mandate(method=kind, **token)
    method = await have_method(office.session, customer_id, kind=kind, label=label, mandate=mandate)
    plan = await office.plan(max_quantity=50)
    fields = {"trial_days": 31, "payment_method_id": str(method)}
    return await office.subscribe(plan, customer_id, method=False, **fields)


async def _plan(office: Office, slot: datetime) -> None:
    for _ in range(2):
        assert (await office.run_task(PlanDebitNotices(slot=slot))).outcome == "done"


async def _ask(office: Office) -> list[str]:
    """The notice that is wanted is asked for, twice; the orders of all."""
    ((notice_id,),) = await rows(office.session, "SELECT id FROM mandate_notices WHERE status = 'wanted'")
    notice = await assert_published(office.session, SendDebitNotice, notice_id=notice_id)
    outcomes = [(await office.run_task(notice)).outcome for _ in range(2)]
    assert outcomes == ["done", "dropped"]
    found = await rows(office.session, "SELECT gateway_order_id FROM mandate_notices ORDER BY start_on, number")
    return [row[0] for row in found]


async def _hear(office: Office, order_id: str, *, delivered: bool = True, now: datetime | None = None) -> None:
    """The gateway tells what became of a notice, twice."""
    for _ in range(2):
        await deps.notice_news(office.session).heard([Heard("razorpay", order_id, delivered)], now or office.clock())


async def _charge(office: Office, now: datetime) -> str:
    """The newest charge is made; how it ended."""
    office.clock.set(now)
    return (await office.run_task((await published(office.session, ProcessPayment))[-1])).outcome


async def test_running_twice_gives_one_notice_two_days_ahead_and_the_debit_is_made_on_it(
    office: Office, gateway: GatewayStandIn
) -> None:
    one = await _begun(office, gateway)
    await _plan(office, T - timedelta(hours=49))
    early = await rows(office.session, NOTICES)
    await _plan(office, T - timedelta(hours=40))
    (order_id,) = await _ask(office)
    told = await gateway.api(f"/orders/{order_id}")
    await _hear(office, order_id)

    await assert_nothing_published(office.session, ProcessPayment)
    await office.bill(T)
    outcome = await _charge(office, T)

    (shown,) = await office.ok("GET", f"/v1/subscriptions/{one['id']}/notices")
    assert (shown["start_on"], shown["status"], shown["charge_after"]) == ("2026-04-02", "delivered", "2026-04-01T18:30:00Z")
    assert (early, await rows(office.session, NOTICES)) == ([], [(1, "delivered", 118_000, T, False)])
    assert (told["amount"], told["notification"]["payment_after"]) == (118_000, int(T.timestamp()))
    assert (outcome, await gateway.movements()) == ("done", [("capture", 118_000)])
    assert await rows(office.session, "SELECT gateway_order_id FROM payments") == [(order_id,)]
    assert [status for *_, status, _ in await office.periods(one)] == ["paid"]


async def test_without_a_notice_nothing_is_charged_until_there_is_one(office: Office, gateway: GatewayStandIn) -> None:
    one = await _begun(office, gateway)
    await office.bill(T)

    ((payment_id,),) = await rows(office.session, "SELECT id FROM payments")
    by_hand = await office.run_task(ProcessPayment(payment_id=payment_id))
    await assert_nothing_published(office.session, ProcessPayment)
    (order_id,) = await _ask(office)
    unconfirmed = await office.run_task(ProcessPayment(payment_id=payment_id))
    await _hear(office, order_id)
    early = await office.run_task(ProcessPayment(payment_id=payment_id))

    assert [one.outcome for one in (by_hand, unconfirmed, early)] == ["dropped"] * 3
    assert (by_hand.error or "").startswith("the holder of the mandate has had no notice")
    assert await gateway.movements() == []
    assert await rows(office.session, NOTICES) == [(1, "delivered", 118_000, T + LEAD, True)]
    due = [one.due_at for one in await outbox_of(office.session) if one.name == ProcessPayment.contract.name]
    assert due == [T + LEAD]
    assert await _charge(office, T + LEAD) == "done"
    assert [status for *_, status, _ in await office.periods(one)] == ["paid"]


async def test_what_comes_to_another_amount_is_told_anew(office: Office, gateway: GatewayStandIn) -> None:
    one = await _begun(office, gateway)
    await _plan(office, T - timedelta(hours=40))
    (first,) = await _ask(office)
    await _hear(office, first)
    await office.act(one, "change", quantity=2, when="next_period")

    await office.bill(T)

    await assert_nothing_published(office.session, ProcessPayment)
    assert [(number, status, amount) for number, status, amount, *_ in await rows(office.session, NOTICES)] == [
        (1, "delivered", 118_000),
        (2, "wanted", 236_000),
    ]


async def test_each_try_has_a_notice_of_its_own(office: Office, gateway: GatewayStandIn) -> None:
    one = await _begun(office, gateway, outcome="insufficient_funds")
    await office.bill(T)
    (first,) = await _ask(office)
    await _hear(office, first)
    await _charge(office, T + LEAD)
    ((payment_id, token),) = await rows(
        office.session, "SELECT payments.id, token FROM payments JOIN payment_methods ON payment_methods.id = payment_method_id"
    )
    for _ in range(2):
        await office.run_task(HandleFailedPayment(payment_id=payment_id), occurred_at=T + LEAD)

    # Declined on 3 April at 13:00 in India: 10:00 of the 4th is too soon for a notice, so it is the 5th.
    again = at(2026, 4, 5, 4, 30)
    told = await assert_published(office.session, SendPaymentFailed)
    assert told.next_attempt_at == again
    second = (await _ask(office))[-1]
    assert await rows(office.session, NOTICES) == [(1, "spent", 118_000, T + LEAD, True), (2, "asked", 118_000, again, False)]
    spent = await office.run_task(ProcessPayment(payment_id=payment_id))
    await _hear(office, second)
    await gateway.ask("PATCH", f"/tokens/{token}", outcome="captured")
    for _ in range(2):
        assert (await office.run_task(ProcessDunning(slot=again))).outcome == "done"
    assert len(await published(office.session, ProcessPayment)) == 2
    await _charge(office, again)

    assert spent.outcome == "dropped"
    assert second != first
    assert await gateway.movements() == [("capture", 118_000)]
    assert (await office.get(one))["status"] == "active"


async def test_a_notice_that_fails_is_a_try_that_was_not_made(office: Office, gateway: GatewayStandIn) -> None:
    one = await _begun(office, gateway)
    await office.bill(T)
    (order_id,) = await _ask(office)

    await _hear(office, order_id, delivered=False, now=T)

    assert await office.get(one) | {"status": "past_due"} == await office.get(one)
    told = await assert_published(office.session, SendPaymentFailed)
    assert (told.failure, told.next_attempt_at) == (
        "your bank could not be told of the charge beforehand, as it has to be",
        at(2026, 4, 4, 4, 30),
    )
    assert [(number, status) for number, status, *_ in await rows(office.session, NOTICES)] == [(1, "failed"), (2, "wanted")]
    assert await gateway.movements() == []


async def test_what_nobody_confirms_fails_an_hour_after_its_time(office: Office, gateway: GatewayStandIn) -> None:
    await _begun(office, gateway)
    await office.bill(T)
    await _ask(office)

    await _plan(office, T + LEAD + timedelta(minutes=59))
    before = len(await published(office.session, SendPaymentFailed))
    await _plan(office, T + LEAD + timedelta(hours=1))

    assert (before, len(await published(office.session, SendPaymentFailed))) == (0, 1)
    assert (await rows(office.session, NOTICES))[0][1] == "failed"


async def test_a_report_that_comes_before_the_order_is_known_counts(office: Office, gateway: GatewayStandIn) -> None:
    await _begun(office, gateway)
    await office.bill(T)
    await gateway.faults({"operation": "orders.create", "action": "status_after_commit", "times": 1})
    (notice,) = await published(office.session, SendDebitNotice)
    unknown = await office.run_task(notice)
    (order,) = (await gateway.api("/orders"))["items"]
    await _hear(office, order["id"])

    resumed = await office.run_task(notice)

    assert (unknown.outcome, resumed.outcome) == ("retry", "done")
    assert (await gateway.api("/orders"))["count"] == 1
    assert (await rows(office.session, NOTICES))[0][1] == "delivered"
    await assert_published(office.session, ProcessPayment)


async def test_above_15000_rupees_the_holder_authenticates_and_nothing_is_charged_twice(
    office: Office, gateway: GatewayStandIn
) -> None:
    one = await _begun(office, gateway)
    await office.act(one, "change", quantity=20, when="next_period")
    await office.bill(T)
    (order_id,) = await _ask(office)
    await _hear(office, order_id)

    await _charge(office, T + LEAD)
    ((payment_id, gateway_payment_id, status),) = await rows(
        office.session, "SELECT id, gateway_payment_id, status FROM payments"
    )
    await office.run_task(ProcessDunning(slot=T + LEAD + timedelta(days=2)))
    await gateway.ask("POST", f"/payments/{gateway_payment_id}/bank", outcome="captured")
    await office.run_task(ResolvePayment(payment_id=payment_id))

    assert status == "processing"
    assert await gateway.movements() == [("capture", 2_360_000)]
    assert [status for *_, status, _ in await office.periods(one)] == ["paid"]


async def test_of_two_debits_that_are_alike_the_second_is_told_of_when_the_first_is_made(
    office: Office, gateway: GatewayStandIn
) -> None:
    one = await _begun(office, gateway)
    fields = {"trial_days": 31, "payment_method_id": one["payment_method_id"]}
    (plan,) = (await office.ok("GET", "/v1/plans"))["items"]
    await office.subscribe(UUID(plan["id"]), UUID(one["customer_id"]), method=False, **fields)
    await _plan(office, T - timedelta(hours=40))
    (order_id,) = await _ask(office)
    await _hear(office, order_id)
    await office.bill(T)
    await _plan(office, T + timedelta(hours=1))
    alike = await rows(office.session, "SELECT count(*) FROM mandate_notices")
    await _charge(office, T)

    await _plan(office, T + timedelta(hours=2))

    assert alike == [(1,)]
    assert await gateway.movements() == [("capture", 118_000)]
    notices = [(status, after, then) for _, status, _, after, then in await rows(office.session, NOTICES)]
    assert sorted(notices) == [("delivered", T, False), ("wanted", T + timedelta(hours=2) + LEAD, True)]


async def test_rupay_is_not_charged_above_15000_rupees(office: Office, gateway: GatewayStandIn) -> None:
    one = await _begun(office, gateway, label="RuPay 1111")
    await office.act(one, "change", quantity=20, when="next_period")

    await office.bill(T)

    told = await assert_published(office.session, SendPaymentFailed)
    assert (told.failure or "").startswith("a RuPay card is not charged more than INR 15,000.00")
    assert await rows(office.session, "SELECT count(*) FROM payments") == [(0,)]


async def test_a_upi_mandate_is_debited_once_at_a_time(office: Office, gateway: GatewayStandIn) -> None:
    await _begun(office, gateway, "upi")
    await office.bill(T)
    (order_id,) = await _ask(office)
    await _hear(office, order_id)
    other = text("""
        INSERT INTO payments (id, organization_id, subscription_id, period_start, gateway, account, payment_method_id, currency,
                              amount_minor, status, is_open, is_live, created_at, updated_at, changed_by)
        SELECT gen_random_uuid(), organization_id, gen_random_uuid(), period_start, gateway, account, payment_method_id, currency,
               amount_minor, 'processing', true, true, created_at, updated_at, 'test' FROM payments
    """)
    await office.session.execute(other)
    busy = await _charge(office, T + LEAD)
    over = "UPDATE payments SET status = 'failed', is_open = false, version = version + 1 WHERE status = 'processing'"
    await office.session.execute(text(over))
    free = await _charge(office, T + LEAD)

    assert (busy, free) == ("retry", "done")
    assert await gateway.movements() == [("capture", 118_000)]


@pytest.mark.parametrize("change", ["before", "after"])
async def test_nothing_is_charged_of_what_is_cancelled_before_or_after_its_billing(
    office: Office, gateway: GatewayStandIn, change: str
) -> None:
    one = await _begun(office, gateway)
    await _plan(office, T - timedelta(hours=40))
    (order_id,) = await _ask(office)
    await _hear(office, order_id)

    if change == "before":
        await office.act(one, "cancel", at="now")
        await office.bill(T)
    else:
        await office.bill(T)
        await office.act(one, "cancel", at="now")
        assert await _charge(office, T) == "dropped"

    assert await gateway.movements() == []
