"""What gateways say ends in the same state, whatever its order and however often it is said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments import payment_deps
from services.payments.attempts.models import Begin
from services.payments.attempts.repository import AttemptRepository
from services.payments.gateways.facts import DisputeFact, DisputeStatus, OrderFact, OrderStatus
from services.payments.payments.models import Payment
from services.payments.payments.repository import PaymentReader
from services.payments.payments.telling import Told
from services.payments.tests.payments.arrange import (
    CHECK,
    NOON,
    OURS,
    TOTAL,
    balances,
    give,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from shared.contracts.money import Money
from shared.contracts.notifications import SendOrderStatus
from shared.contracts.payments import (
    CapturePayment,
    ExecuteRefund,
    HandleFailedPayment,
    PaymentCaptured,
    ReleasePayment,
)
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_nothing_published, assert_published, published

CLOCK: Final = FrozenClock(NOON)
PAID: Final = {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}
END: Final = """
    SELECT payments.status, payments.captured_minor, payments.refunded_minor, payments.gateway_payment_id,
           orders.status, orders.payment_status, orders.paid_minor, orders.refunded_minor
      FROM payments JOIN orders ON orders.id = order_id
"""


async def _apply(session: Session, *told: Told) -> None:
    for one in told:
        await payment_deps.gateway_facts(session, CLOCK).apply([one])
    await session.execute(CHECK)


async def _ordered(session: Session, **payment: Any) -> Payment:
    customer = await have_customer(session)
    return await have_payment(session, await have_order(session, customer), customer, **payment)


async def _statuses(session: Session) -> list[Any]:
    return [row[0] for row in await rows(session, "SELECT to_status FROM payment_changes ORDER BY payment_id, number")]


async def test_captured_payment_pays_its_order_and_is_booked_once(session: Session) -> None:
    payment = await _ordered(session)

    await _apply(session, pay("captured"), pay("captured"), pay("authorized"), pay("created"))

    assert await rows(session, END) == [("captured", TOTAL, 0, "pay_1", "paid", "paid", TOTAL, 0)]
    assert await balances(session) == PAID
    await assert_published(session, SendOrderStatus, order_id=str(payment.order_id), status="paid")
    told = await assert_published(session, PaymentCaptured, payment_id=payment.id, order_id=payment.order_id)
    assert (told.amount, told.captured_minor) == (Money(amount_minor=TOTAL, currency="INR"), TOTAL)
    assert await _statuses(session) == ["created", "captured", "captured"]


async def test_failed_payment_that_its_bank_allows_late_is_captured_after_all(session: Session) -> None:
    payment = await _ordered(session)

    await _apply(session, pay("failed"))
    failed = await PaymentReader(session).find(payment.id, OURS)
    assert failed is not None
    assert (failed.status, failed.is_open, failed.decline_kind) == ("failed", False, "later")
    assert failed.late_until == NOON + timedelta(days=3)
    await assert_published(session, HandleFailedPayment, payment_id=payment.id)

    await _apply(session, pay("authorized", minutes=5))
    await assert_published(session, CapturePayment, payment_id=payment.id)
    await _apply(session, pay("captured", minutes=6), pay("failed"))

    assert await rows(session, END) == [("captured", TOTAL, 0, "pay_1", "paid", "paid", TOTAL, 0)]


async def test_late_authorization_of_an_order_that_is_paid_by_now_is_released(session: Session) -> None:
    payment = await _ordered(session)
    await _apply(session, pay("failed"))
    assert payment.order_id is not None
    assert payment.customer_id is not None
    await have_payment(session, payment.order_id, payment.customer_id, gateway_order="order_2")
    await _apply(session, pay("captured", "pay_2", order_id="order_2"))

    await _apply(session, pay("authorized", minutes=9))

    await assert_published(session, ReleasePayment, payment_id=payment.id)
    await assert_nothing_published(session, CapturePayment)


async def test_second_success_of_an_order_goes_to_the_customers_credit(session: Session) -> None:
    payment = await _ordered(session)
    assert payment.order_id is not None
    assert payment.customer_id is not None
    await _apply(session, pay("failed"))
    await have_payment(session, payment.order_id, payment.customer_id, gateway_order="order_2")

    await _apply(session, pay("captured", "pay_2", order_id="order_2"), pay("captured", minutes=9))

    credit = await rows(session, "SELECT customer_id, kind, amount_minor, source FROM customer_credits")
    assert credit == [(payment.customer_id, "grant", TOTAL, "payment")]
    expected = {"gateway_receivable": 2 * TOTAL, "accounts_receivable": -TOTAL, "customer_credit": -TOTAL}
    assert await balances(session) == expected
    await assert_nothing_published(session, ExecuteRefund)


async def test_surplus_is_refunded_where_the_organization_wants_it(session: Session) -> None:
    payment = await _ordered(session)
    await rows(
        session,
        "INSERT INTO payment_settings (organization_id, surplus, updated_at, updated_by) VALUES (:ours, 'refund', now(), 'test')"
        " RETURNING 1",
        ours=OURS,
    )
    await _apply(session, pay("captured"))

    await _apply(session, pay("captured", "pay_2", minutes=1))

    (refund,) = await rows(session, "SELECT id, payment_id, gateway_payment_id, amount_minor, from_credit FROM refunds")
    assert refund[1:] == (payment.id, "pay_2", TOTAL, True)
    await assert_published(session, ExecuteRefund, refund_id=refund[0])
    assert await rows(session, "SELECT sum(amount_minor)::int FROM customer_credits") == [(0,)]
    await _apply(session, give("processed", payment_id="pay_2", receipt=str(refund[0])))
    assert await balances(session) == PAID


async def test_other_amount_than_was_asked_for_is_left_to_a_person(session: Session) -> None:
    await _ordered(session)

    await _apply(session, pay("captured", amount_minor=TOTAL - 1, captured_minor=TOTAL - 1))

    assert await rows(session, END) == [("created", 0, 0, None, "placed", "unpaid", 0, 0)]
    assert await balances(session) == {"gateway_receivable": TOTAL - 1, "suspense": 1 - TOTAL}


async def test_fact_about_an_unknown_payment_is_kept_until_its_order_is_known(session: Session) -> None:
    payment = await _ordered(session, gateway_order=None)
    await _apply(session, pay("captured"))
    assert await rows(session, "SELECT gateway_payment_id FROM gateway_payments WHERE payment_id IS NULL") == [("pay_1",)]

    await rows(session, "UPDATE payments SET gateway_order_id = 'order_1' RETURNING 1")
    await payment_deps.gateway_facts(session, CLOCK).apply([], touched=[payment.id])

    assert await rows(session, END) == [("captured", TOTAL, 0, "pay_1", "paid", "paid", TOTAL, 0)]


async def test_account_that_names_a_receipt_of_another_one_moves_nothing(session: Session) -> None:
    payment, receipt = await _ordered(session, gateway_order=None), uuid7()
    await AttemptRepository(session).begin([Begin(receipt, payment.id, "order", TOTAL)], NOON)
    order = OrderFact("razorpay", "order_1", str(receipt), OrderStatus.CREATED, TOTAL, "INR", 0, 0, NOON)
    bound = "SELECT gateway_order_id, captured_minor FROM payments"

    await _apply(
        session, Told("razorpay:foreign", order), replace(pay("captured", receipt=str(receipt)), account="razorpay:foreign")
    )
    assert await rows(session, bound) == [(None, 0)]
    await _apply(session, Told("razorpay", order))
    assert await rows(session, bound) == [("order_1", 0)]


async def test_authorization_that_lapsed_was_never_ours(session: Session) -> None:
    await _ordered(session)

    await _apply(session, pay("authorized"), pay("refunded", refunded_minor=TOTAL), give("processed"))

    assert await rows(session, END) == [("expired", 0, 0, "pay_1", "placed", "unpaid", 0, 0)]
    assert await balances(session) == {}


def dispute(status: str) -> Told:
    fact = DisputeFact("razorpay", "disp_1", "pay_1", DisputeStatus(status), TOTAL, "INR", TOTAL, "fraud", None, NOON)
    return Told("razorpay", fact)


@pytest.mark.parametrize("ended", ["refunded", "cancelled"])
async def test_who_pays_again_after_an_authorization_has_ended_is_charged_by_the_new_one(session: Session, ended: str) -> None:
    payment = await _ordered(session)
    await _apply(session, pay("authorized", "pay_1"), pay(ended, "pay_1", minutes=5))

    await _apply(session, pay("authorized", "pay_2", minutes=9))

    assert await rows(session, "SELECT status, gateway_payment_id FROM payments") == [("authorized", "pay_2")]
    assert [one.payment_id for one in await published(session, CapturePayment)] == [payment.id, payment.id]


async def test_dispute_holds_the_money_until_it_is_decided(session: Session) -> None:
    await _ordered(session)

    await _apply(session, dispute("open"), pay("captured"))
    assert (await rows(session, END))[0][0] == "disputed"
    assert await balances(session) == {"disputes": TOTAL, "accounts_receivable": -TOTAL}

    await _apply(session, dispute("won"), dispute("open"))
    assert ((await rows(session, END))[0][0], await balances(session)) == ("captured", PAID)


@pytest.mark.parametrize("order", ["open lost won", "lost won open", "won lost open", "lost open won", "won won lost"])
async def test_dispute_that_is_won_after_all_is_no_loss_whatever_is_told_first(session: Session, order: str) -> None:
    await _ordered(session)
    await _apply(session, pay("captured"))

    for status in order.split():
        await _apply(session, dispute(status))

    assert ((await rows(session, END))[0][0], await balances(session)) == ("captured", PAID)


LIFE: Final = (
    pay("created"),
    pay("failed", minutes=1),
    pay("authorized", minutes=2),
    pay("captured", minutes=3),
    pay("failed", "pay_0", minutes=1),
    give("pending", amount=5000, minutes=4),
    give("failed", amount=5000, minutes=5),
    give("processed", amount=5000, minutes=6),
    give("processed", "rfnd_2", TOTAL - 5000, minutes=7),
    dispute("open"),
    dispute("won"),
)
ALL: Final = ("refunded", TOTAL, TOTAL, "pay_1", "paid", "refunded", TOTAL, TOTAL)


TWICE: Final = (
    pay("failed", minutes=1),
    pay("authorized", minutes=2),
    pay("captured", minutes=3),
    pay("authorized", "pay_0", minutes=4),
    pay("captured", "pay_0", minutes=5),
    pay("captured", "pay_2", minutes=3),
    give("failed", amount=5000, minutes=6),
    dispute("open"),
    dispute("won"),
)
"""Taken three times: two of them are the customer's credit."""


def _drawn(facts: Sequence[Told], most: int) -> list[list[Told]]:
    """Permutations of all facts, with some of them told again."""
    orders: list[list[Told]] = []

    @settings(max_examples=most, deadline=None, derandomize=True, database=None)
    @given(st.permutations(facts), st.lists(st.sampled_from(facts), max_size=6))
    def draw(told: list[Told], again: list[Told]) -> None:
        orders.append([*told, *again])

    draw()
    return orders


async def test_any_order_and_repetition_of_the_same_facts_ends_the_same(session: Session) -> None:
    for number, told in enumerate(_drawn(LIFE, 25)):
        savepoint = await session.begin_nested()
        await _ordered(session)
        split = number % len(told)
        await payment_deps.gateway_facts(session, CLOCK).apply(told[:split])
        await _apply(session, *told[split:])

        assert await rows(session, END) == [ALL]
        assert await balances(session) == {}
        told_of = [message.status for message in await published(session, SendOrderStatus)]
        assert sorted(told_of) == ["paid", "refunded", "refunded"]
        await savepoint.rollback()


async def test_of_several_captures_of_a_payment_the_earliest_counts_whichever_is_told_first(session: Session) -> None:
    counted = "SELECT gateway_payment_id, counted_as FROM gateway_payments ORDER BY gateway_payment_id"
    granted = """
        SELECT held.gateway_payment_id, granted.amount_minor
          FROM customer_credits AS granted JOIN gateway_payments AS held ON held.id = granted.source_id ORDER BY 1
    """
    for number, told in enumerate(_drawn(TWICE, 20)):
        savepoint = await session.begin_nested()
        await _ordered(session)
        split = number % len(told)
        await payment_deps.gateway_facts(session, CLOCK).apply(told[:split])
        await _apply(session, *told[split:])

        assert await rows(session, END) == [("captured", 3 * TOTAL, 0, "pay_1", "paid", "paid", TOTAL, 0)]
        assert await rows(session, counted) == [("pay_0", "duplicate"), ("pay_1", "main"), ("pay_2", "duplicate")]
        assert await rows(session, granted) == [("pay_0", TOTAL), ("pay_2", TOTAL)]
        assert await balances(session) == {
            "gateway_receivable": 3 * TOTAL,
            "accounts_receivable": -TOTAL,
            "customer_credit": -2 * TOTAL,
        }
        await savepoint.rollback()
