"""What follows from failures, and what happens to payments by the clock; each look a second time finds nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.tests.attempts.arrange import have_method
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import (
    NOON,
    TOTAL,
    balances,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from shared.contracts.money import Money
from shared.contracts.notifications import SendPaymentFailed
from shared.contracts.payments import (
    CapturePayment,
    ExpirePayments,
    HandleFailedPayment,
    ProcessPayment,
    ReleasePayment,
    ResolvePayment,
    ResolveUnknownPayments,
    RetryFailedPayments,
    WatchAuthorizations,
)
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published

LATER = NOON + timedelta(days=365)


async def _charged(run_task: TaskRunner, session: Session, gateway: GatewayStandIn, **token: Any) -> Any:
    customer, method = await have_method(session, gateway, **token)
    key, amount = uuid7(), Money(amount_minor=TOTAL, currency="INR")
    message = ProcessPayment(amount=amount, payment_method_id=method, order_id=await have_order(session, customer))
    await run_task(message, ids=[key])
    return key


async def test_failure_is_told_once_and_tried_again_the_next_day_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")

    first = await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)
    again = await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)

    assert (first.outcome, again.outcome) == ("done", "dropped")
    told = await assert_published(session, SendPaymentFailed, payment_id=str(key))
    assert told.next_attempt_at == NOON + timedelta(days=1)
    for _ in range(2):
        assert (await run_task(RetryFailedPayments(slot=NOON + timedelta(days=1)))).outcome == "done"
    await assert_published(session, ProcessPayment, payment_id=key)


async def test_failure_that_only_the_customer_can_mend_is_not_tried_again(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="card_expired")

    await run_task(HandleFailedPayment(payment_id=key))
    await run_task(RetryFailedPayments(slot=LATER))

    assert (await assert_published(session, SendPaymentFailed)).next_attempt_at is None
    await assert_nothing_published(session, ProcessPayment)


@pytest.mark.parametrize(
    ("fault", "status", "moved"),
    [
        ({"action": "timeout_after_commit", "seconds": 5}, "captured", [("capture", TOTAL)]),
        ({"action": "drop_connection"}, "created", []),
    ],
)
async def test_janitor_finds_out_what_became_of_an_unknown_charge_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn, fault: dict[str, Any], status: str, moved: list[Any]
) -> None:
    await gateway.faults({"operation": "payments.recurring", "times": 1, **fault})
    key = await _charged(run_task, session, gateway)
    assert await rows(session, "SELECT status FROM payments") == [("unknown",)]
    for _ in range(2):
        assert (await run_task(ResolveUnknownPayments(slot=LATER))).outcome == "done"
    await assert_published(session, ResolvePayment, payment_id=key)
    await session.execute(text("UPDATE payment_attempts SET started_at = started_at - interval '1 minute'"))

    for _ in range(2):
        assert (await run_task(ResolvePayment(payment_id=key))).outcome == "done"

    assert await rows(session, "SELECT status FROM payments") == [(status,)]
    assert await gateway.movements() == moved
    assert await rows(session, "SELECT next_attempt_at IS NOT NULL FROM payments") == [(status == "created",)]


async def test_payment_that_nobody_makes_expires_and_frees_its_order_twice_run(run_task: TaskRunner, session: Session) -> None:
    customer = await have_customer(session)
    order = await have_order(session, customer)
    await have_payment(session, order, customer)
    await session.execute(text("UPDATE payments SET expires_at = :at"), {"at": NOON})

    for _ in range(2):
        assert (await run_task(ExpirePayments(slot=NOON + timedelta(seconds=1)))).outcome == "done"

    assert await rows(session, "SELECT status, is_open FROM payments") == [("expired", False)]
    await have_payment(session, order, customer, gateway_order="order_2")


@pytest.mark.parametrize(("hours", "command", "count"), [(61, CapturePayment, 2), (73, ReleasePayment, 1)])
async def test_authorization_that_is_about_to_lapse_is_taken_or_given_up_twice_run(
    run_task: TaskRunner, session: Session, hours: int, command: type[Any], count: int
) -> None:
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("authorized")])

    for _ in range(2):
        assert (await run_task(WatchAuthorizations(slot=NOON + timedelta(hours=hours)))).outcome == "done"

    # It was asked to be captured when it was authorized, too.
    assert [one.payment_id for one in await published(session, command)] == [payment.id] * count


async def test_authorized_payment_is_captured_once_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    customer = await have_customer(session)
    made = await gateway.make_order(TOTAL)
    payment = await have_payment(session, await have_order(session, customer), customer, gateway_order=made)
    paid = await gateway.ask("POST", "/checkout", order_id=made)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("authorized", paid["razorpay_payment_id"], order_id=made)])
    # The answer to the first capture is lost.
    await gateway.faults({"operation": "payments.capture", "action": "status_after_commit", "times": 1})

    first = await run_task(CapturePayment(payment_id=payment.id))
    again = await run_task(CapturePayment(payment_id=payment.id))

    assert (first.outcome, again.outcome) == ("done", "dropped")
    assert await gateway.movements() == [("capture", TOTAL)]
    assert await balances(session) == {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}


async def test_release_leaves_what_the_gateway_cannot_give_up_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("authorized")])

    for _ in range(2):
        assert (await run_task(ReleasePayment(payment_id=payment.id))).outcome == "done"

    assert await rows(session, "SELECT status FROM payments") == [("authorized",)]
    assert await gateway.movements() == []
