"""What follows from failures, and what happens to payments by the clock; each look a second time finds nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.attempts.repository import AttemptRepository
from services.payments.attempts.upkeep import AT_ONCE
from services.payments.gateways.declines import DeclineKind
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.tests.attempts.arrange import have_method
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import (
    BROKE,
    NOON,
    OURS,
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
    ExecuteRefund,
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
from shared.testing.service import ApiClient

LATER = NOON + timedelta(days=365)
BUSY = "payment_declined_due_to_high_traffic"
"""A decline that passes."""
REFUNDS = text("""
    INSERT INTO refunds (id, organization_id, payment_id, gateway, account, gateway_payment_id, amount_minor, currency,
                         from_credit, status, reason, requested_by, requested_at, updated_at)
    SELECT gen_random_uuid(), organization_id, id, gateway, account, 'pay_1', 1, currency, false, 'requested', 'late', 'ann',
           :at, :at
      FROM payments, generate_series(1, :number)
    RETURNING id
""")


async def _charged(run_task: TaskRunner, session: Session, gateway: GatewayStandIn, **token: Any) -> Any:
    customer, method = await have_method(session, gateway, **token)
    key, amount = uuid7(), Money(amount_minor=TOTAL, currency="INR")
    message = ProcessPayment(amount=amount, payment_method_id=method, order_id=await have_order(session, customer))
    await run_task(message, ids=[key])
    return key


async def test_failure_is_told_once_and_tried_again_when_its_kind_may_have_passed_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")

    first = await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)
    again = await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)

    assert (first.outcome, again.outcome) == ("done", "dropped")
    told = await assert_published(session, SendPaymentFailed, payment_id=str(key))
    # What an empty account is worth waiting for.
    assert told.next_attempt_at == NOON + timedelta(days=2)
    for _ in range(2):
        assert (await run_task(RetryFailedPayments(slot=NOON + timedelta(days=2)))).outcome == "done"
    await assert_published(session, ProcessPayment, payment_id=key)


async def test_failure_that_only_the_customer_can_mend_is_not_tried_again(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="card_expired")

    await run_task(HandleFailedPayment(payment_id=key))
    await run_task(RetryFailedPayments(slot=LATER))

    assert (await assert_published(session, SendPaymentFailed)).next_attempt_at is None
    await assert_nothing_published(session, ProcessPayment)


async def test_technical_failures_are_left_to_their_message_as_long_as_it_has_tries(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")
    await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)
    ((token,),) = await rows(session, "SELECT token FROM payment_methods")
    await gateway.ask("PATCH", f"/tokens/{token}", outcome=BUSY)
    message, asked = uuid7(), list[int]()

    for _ in range(5):
        await run_task(ProcessPayment(payment_id=key), ids=[message])
        asked.append(len(await published(session, HandleFailedPayment)))
        await session.execute(text("UPDATE inbox SET due_at = now() WHERE state = 2"))

    # The first was asked for by the first failure.
    assert asked == [1, 1, 1, 1, 2]
    assert (await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)).outcome == "done"
    assert await rows(session, "SELECT tries, next_attempt_at FROM payments") == [(6, NOON + timedelta(hours=1))]
    assert len(await published(session, SendPaymentFailed)) == 2


async def _fails(session: Session, run_task: TaskRunner, key: UUID, kind: str, tries: int) -> datetime | None:
    """A message's tries of a payment have failed, the last of them so; returns when it is tried again."""
    failed = text("""
        UPDATE payments SET status = 'failed', tries = tries + :tries, decline_kind = :kind, decline_delay_s = 0, failure = 'No.',
                            version = version + 1
    """)
    await session.execute(failed, {"kind": kind, "tries": tries})
    assert (await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)).outcome == "done"
    ((again,),) = await rows(session, "SELECT next_attempt_at FROM payments")
    found: datetime | None = again
    return found


async def test_technical_failures_take_none_of_the_tries_that_wait_for_days(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")
    await session.execute(text("UPDATE payments SET tries = 0, later_declines = 0"))
    failures = [("safe_now", 5), ("later", 5), ("safe_now", 5), ("later", 1), ("safe_now", 5), ("later", 1), ("later", 1)]

    again = [await _fails(session, run_task, key, kind, tries) for kind, tries in failures]

    hour, days = NOON + timedelta(hours=1), [NOON + timedelta(days=one) for one in (1, 3, 5)]
    assert again == [hour, days[0], hour, days[1], None, days[2], None]


async def test_technical_failure_that_only_a_call_back_tells_of_is_tried_again_by_the_clock(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    await gateway.ask("PATCH", "/account", own_notice_s=3600)
    key = await _charged(run_task, session, gateway)
    ((order, paid, status),) = await rows(session, "SELECT gateway_order_id, gateway_payment_id, status FROM payments")
    busy = pay("failed", paid, order_id=order, decline=replace(BROKE, kind=DeclineKind.SAFE_NOW))

    await payment_deps.gateway_facts(session, lambda: NOON).apply([busy])

    assert (status, (await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)).outcome) == ("processing", "done")
    assert (await assert_published(session, SendPaymentFailed)).next_attempt_at == NOON + timedelta(minutes=1)
    again = await assert_published(session, RetryFailedPayments)
    assert (again.slot, (await run_task(again)).outcome) == (NOON + timedelta(minutes=1), "done")
    await assert_published(session, ProcessPayment, payment_id=key)


async def test_technical_failures_that_call_backs_tell_of_have_the_pauses_and_rounds_of_a_message(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")
    await session.execute(text("UPDATE payments SET tries = 0"))

    again = [await _fails(session, run_task, key, "safe_now", 1) for _ in range(15)]

    pauses = [60, 120, 240, 480, 3600]
    assert [one and (one - NOON).total_seconds() for one in again] == [*pauses, *pauses, *pauses[:4], None]
    # Of the first try of each round, which says when the next one is, and of the last.
    assert len(await published(session, SendPaymentFailed)) == 6


async def test_failure_is_dealt_with_though_the_message_that_was_to_try_again_has_died(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome=BUSY)
    await assert_nothing_published(session, HandleFailedPayment)
    await session.execute(text("UPDATE payment_methods SET status = 'paused'"))

    assert (await run_task(ProcessPayment(payment_id=key))).outcome == "dead"

    await assert_published(session, HandleFailedPayment, payment_id=key)


async def test_failure_whose_message_was_ended_by_old_code_is_dealt_with_by_the_janitor_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")
    await session.execute(text("UPDATE payments SET is_charging = true"))
    ((ended,),) = await rows(session, "SELECT max(finished_at) FROM payment_attempts")
    dropped = (await run_task(HandleFailedPayment(payment_id=key))).outcome
    seen: list[tuple[bool, ...]] = []

    for slot in (ended + timedelta(minutes=59), ended + timedelta(minutes=61), ended + timedelta(minutes=66)):
        assert (await run_task(ResolveUnknownPayments(slot=slot))).outcome == "done"
        seen += await rows(session, "SELECT is_charging FROM payments")

    assert (dropped, seen) == ("dropped", [(True,), (False,), (False,)])
    assert (await run_task(HandleFailedPayment(payment_id=key))).outcome == "done"


async def test_failure_is_dealt_with_though_somebody_who_has_begun_to_pay_keeps_it_from_being_tried_again(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome=BUSY)
    ((order, customer),) = await rows(session, "SELECT order_id, customer_id FROM payments")
    await have_payment(session, order, customer, gateway_order="order_2")

    assert (await run_task(ProcessPayment(payment_id=key))).outcome == "dropped"

    await assert_published(session, HandleFailedPayment, payment_id=key)


async def test_planned_try_waits_while_somebody_else_is_paying_the_order(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")
    await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)
    ((order, customer),) = await rows(session, "SELECT order_id, customer_id FROM payments")
    other = await have_payment(session, order, customer, gateway_order="order_2")
    day = NOON + timedelta(days=2)

    await run_task(RetryFailedPayments(slot=day))
    await assert_nothing_published(session, ProcessPayment)
    await PaymentRepository(session).end([other.id], "expired", by="test", at=NOON, reason="nobody has paid in time")
    await run_task(RetryFailedPayments(slot=day + timedelta(minutes=30)))

    await assert_published(session, ProcessPayment, payment_id=key)


async def test_planned_try_that_meets_a_payment_begun_at_that_moment_is_made_later(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    key = await _charged(run_task, session, gateway, outcome="insufficient_funds")
    await run_task(HandleFailedPayment(payment_id=key), occurred_at=NOON)
    await run_task(RetryFailedPayments(slot=NOON + timedelta(days=2)))
    ((order, customer),) = await rows(session, "SELECT order_id, customer_id FROM payments")
    other = await have_payment(session, order, customer, gateway_order="order_2")

    met = await run_task(await assert_published(session, ProcessPayment, payment_id=key))
    await PaymentRepository(session).end([other.id], "expired", by="test", at=NOON, reason="nobody has paid in time")
    await run_task(RetryFailedPayments(slot=LATER))

    assert met.outcome == "dropped"
    assert len(await published(session, ProcessPayment)) == 2


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


async def test_authorization_that_was_given_up_is_taken_for_nobody_but_a_person_twice_run(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn, client: ApiClient
) -> None:
    customer, made = await have_customer(session), await gateway.make_order(TOTAL)
    payment = await have_payment(session, await have_order(session, customer), customer, gateway_order=made)
    paid = (await gateway.ask("POST", "/checkout", order_id=made))["razorpay_payment_id"]
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("authorized", paid, order_id=made)])
    await run_task(ReleasePayment(payment_id=payment.id))

    for _ in range(2):
        assert (await run_task(WatchAuthorizations(slot=NOON + timedelta(hours=61)))).outcome == "done"
        assert (await run_task(CapturePayment(payment_id=payment.id))).outcome == "dropped"

    # It was asked to be captured when it was authorized.
    assert [one.payment_id for one in await published(session, CapturePayment)] == [payment.id]
    assert await rows(session, "SELECT count(*) FROM cases") == [(0,)]
    assert await gateway.movements() == []
    us, key = client.as_role("operator", organization_id=OURS), {"Idempotency-Key": str(uuid7())}
    taken = await us.post(f"/v1/payments/{payment.id}/capture", headers=key)
    assert (taken.status_code, taken.json()["status"]) == (200, "captured")
    assert await gateway.movements() == [("capture", TOTAL)]


async def test_release_is_of_one_authorization_and_not_of_those_that_follow(
    run_task: TaskRunner, session: Session, gateway: GatewayStandIn
) -> None:
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    facts, attempts = payment_deps.gateway_facts(session, lambda: NOON), AttemptRepository(session)
    await facts.apply([pay("authorized")])
    await run_task(ReleasePayment(payment_id=payment.id))
    before = await attempts.released([payment.id])

    await facts.apply([pay("authorized", "pay_2", minutes=9)])

    assert (before, await attempts.released([payment.id])) == ({payment.id}, set())
    assert await gateway.movements() == []


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


async def test_refunds_that_take_days_do_not_keep_one_that_was_never_made_from_being_repeated_twice_run(
    run_task: TaskRunner, session: Session
) -> None:
    customer = await have_customer(session)
    await have_payment(session, await have_order(session, customer), customer)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("captured")])
    await session.execute(REFUNDS, {"at": NOON, "number": AT_ONCE})
    await session.execute(text("UPDATE refunds SET status = 'pending', version = version + 1"))
    lost = await session.scalar(REFUNDS, {"at": NOON + timedelta(minutes=1), "number": 1})

    slots = [NOON + timedelta(hours=2, minutes=minutes) for minutes in (0, 0, 1)]
    for slot in slots:
        assert (await run_task(ResolveUnknownPayments(slot=slot))).outcome == "done"

    await assert_published(session, ExecuteRefund, refund_id=lost)
    assert len(await published(session, ExecuteRefund)) == AT_ONCE + 1
    # An hour later it is all their turns again.
    await run_task(ResolveUnknownPayments(slot=NOON + timedelta(hours=4)))
    assert len(await published(session, ExecuteRefund)) == 2 * AT_ONCE + 1
