"""Stored methods are charged once, however often a message comes and however a gateway answers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments.attempts.models import Begin
from services.payments.attempts.repository import AttemptRepository
from services.payments.tests.attempts.arrange import have_method
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import TOTAL, balances, have_order, rows
from shared.contracts.money import Money
from shared.contracts.payments import HandleFailedPayment, ProcessPayment, ResolvePayment
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published

PAYMENTS = """
    SELECT payments.status, tries, decline_reason, orders.status, orders.payment_status
      FROM payments JOIN orders ON orders.id = order_id ORDER BY payments.id
"""
CALLS = "SELECT kind, payment_attempts.status FROM payment_attempts ORDER BY payment_id, number"


async def _ordered(session: Session, gateway: GatewayStandIn, **token: Any) -> ProcessPayment:
    customer, method = await have_method(session, gateway, **token)
    order = await have_order(session, customer)
    return ProcessPayment(
        amount=Money(amount_minor=TOTAL, currency="INR"), payment_method_id=method, order_id=order, user_id=customer
    )


async def test_order_is_charged_once_and_paid_though_the_message_comes_twice(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    message, key = await _ordered(session, gateway), uuid7()

    first = await run_task(message, ids=[key])
    again = await run_task(message, ids=[key], redelivered=True)
    other = await run_task(message)

    assert (first.outcome, again.carried_out, other.outcome) == ("done", False, "dropped")
    (paid, refused) = await rows(session, PAYMENTS)
    assert (paid, refused[0]) == (("captured", 1, None, "paid", "paid"), "cancelled")
    assert await rows(session, CALLS) == [("order", "succeeded"), ("charge", "succeeded")]
    assert await gateway.movements() == [("capture", TOTAL)]
    assert await balances(session) == {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}


async def test_declined_charge_is_left_to_what_follows_from_failures(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    message = await _ordered(session, gateway, outcome="insufficient_funds")

    handled = await run_task(message)

    assert handled.outcome == "done"
    assert await rows(session, PAYMENTS) == [("failed", 1, "insufficient_funds", "placed", "unpaid")]
    await assert_published(session, HandleFailedPayment)
    assert await gateway.movements() == []


async def test_technical_failure_is_tried_again_on_the_same_order(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    message, key = await _ordered(session, gateway, outcome="payment_declined_due_to_high_traffic"), uuid7()

    first = await run_task(message, ids=[key])
    (token,) = [row[0] for row in await rows(session, "SELECT token FROM payment_methods")]
    await gateway.ask("PATCH", f"/tokens/{token}", outcome="captured")
    second = await run_task(ProcessPayment(payment_id=key))

    assert (first.outcome, second.outcome) == ("retry", "done")
    assert await rows(session, CALLS) == [("order", "succeeded"), ("charge", "declined"), ("charge", "succeeded")]
    assert (await rows(session, PAYMENTS))[0][:2] == ("captured", 2)
    assert await gateway.movements() == [("capture", TOTAL)]


async def test_try_that_died_before_its_call_is_made_though_earlier_ones_were_declined(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    message, key = await _ordered(session, gateway, outcome="payment_declined_due_to_high_traffic"), uuid7()
    await run_task(message, ids=[key])
    await run_task(ProcessPayment(payment_id=key))
    attempts, a_minute_ago = AttemptRepository(session), MONDAY_MORNING - timedelta(minutes=1)
    await attempts.start([key], by="test", at=a_minute_ago)
    await attempts.begin([Begin(uuid7(), key, "charge", TOTAL)], a_minute_ago)
    (token,) = [row[0] for row in await rows(session, "SELECT token FROM payment_methods")]
    await gateway.ask("PATCH", f"/tokens/{token}", outcome="captured")

    handled = await run_task(ProcessPayment(payment_id=key))

    assert (handled.outcome, handled.error) == ("done", None)
    charges = [status for kind, status in await rows(session, CALLS) if kind == "charge"]
    assert charges == ["declined", "declined", "succeeded"]
    assert await gateway.movements() == [("capture", TOTAL)]


async def test_charge_that_was_taken_up_again_is_on_its_way_from_then_on(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    message, key = await _ordered(session, gateway), uuid7()
    await gateway.faults({"operation": "orders.create", "action": "rate_limit", "times": 1, "seconds": 0})
    await run_task(message, ids=[key])
    attempts, a_minute_ago = AttemptRepository(session), MONDAY_MORNING - timedelta(minutes=1)
    await attempts.start([key], by="test", at=a_minute_ago)
    await attempts.begin([Begin(uuid7(), key, kind, TOTAL) for kind in ("order", "charge")], a_minute_ago)
    await gateway.faults({"operation": "orders.list", "action": "status", "status": 500, "times": 1})
    assert (await run_task(ProcessPayment(payment_id=key))).outcome == "retry"

    looked = await run_task(ResolvePayment(payment_id=key))
    waiting = await run_task(ProcessPayment(payment_id=key))

    assert (looked.outcome, waiting.error) == ("done", "an earlier call may still be on its way")
    assert (await rows(session, PAYMENTS))[0][0] == "processing"
    await session.execute(text("UPDATE payment_attempts SET resumed_at = resumed_at - interval '1 minute'"))
    assert (await run_task(ProcessPayment(payment_id=key))).outcome == "done"
    assert await gateway.movements() == [("capture", TOTAL)]


@pytest.mark.parametrize("rule", [{"action": "timeout_after_commit", "seconds": 5}, {"action": "status_after_commit"}])
async def test_unknown_outcome_is_asked_for_and_never_charged_again(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn, rule: dict[str, Any]
) -> None:
    message, key = await _ordered(session, gateway), uuid7()
    await gateway.faults({"operation": "payments.recurring", **rule})

    handled = await run_task(message, ids=[key])

    assert handled.outcome == "done"
    assert (await rows(session, PAYMENTS))[0][0] == "unknown"
    assert await gateway.movements() == [("capture", TOTAL)]
    assert (await run_task(ProcessPayment(payment_id=key))).outcome == "dropped"
    await assert_nothing_published(session, HandleFailedPayment)


async def test_gateway_that_is_away_is_tried_again(run_task: TaskRunner, session: Session, gateway: GatewayStandIn) -> None:
    message, key = await _ordered(session, gateway), uuid7()
    await gateway.faults({"operation": "orders.create", "action": "rate_limit", "times": 1})

    first = await run_task(message, ids=[key])

    assert first.outcome == "retry"
    assert (await rows(session, PAYMENTS))[0][0] == "created"
    assert await rows(session, CALLS) == [("order", "unavailable"), ("charge", "unavailable")]


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"payment_method_id": UUID(int=7)}, "dead"),
        ({"user_id": UUID(int=7)}, "dead"),
        ({"amount": Money(amount_minor=-1, currency="INR")}, "dead"),
        ({"amount": Money(amount_minor=TOTAL + 1, currency="INR")}, "dropped"),
    ],
)
async def test_what_must_not_be_charged_is_not(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn, change: dict[str, Any], outcome: str
) -> None:
    message = (await _ordered(session, gateway)).model_copy(update=change)

    handled = await run_task(message)

    assert handled.outcome == outcome
    assert await rows(session, CALLS) == []
    assert await gateway.movements() == []


def test_technical_failure_is_tried_again_after_what_is_promised() -> None:
    retry = ProcessPayment.contract.retry

    assert [retry.delay_s(number) for number in range(1, retry.max_retries + 1)] == [60, 120, 240, 480]
