"""Razorpay's client against its stand-in: whole flows over real sockets, and every way in which an answer can get lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest_asyncio
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered, Declined, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.declines import DeclineKind
from services.payments.gateways.facts import NoticeStatus, OrderStatus, PaymentFact, PaymentStatus, RefundStatus, TokenStatus
from services.payments.gateways.gateway import (
    ChargeRequest,
    CustomerRequest,
    Mandate,
    OrderRequest,
    PreDebitNotice,
    RefundRequest,
)
from services.payments.gateways.signatures import OrderProof
from services.payments.tests.gateways.arrange import RECEIPT, razorpay_at
from services.payments.tests.gateways.stand_in import LOST, StandIn, fact, stand_in

INDIA = ZoneInfo("Asia/Kolkata")
ORDER = OrderRequest(RECEIPT, 150_000, "INR", notes={"order": "O-1"})


@pytest_asyncio.fixture
async def razorpay(redis: Redis) -> AsyncIterator[StandIn]:
    account = {"key_id": "rzp_test_WaybillSandbx0", "key_secret": "sandbox"}
    async with stand_in("razorpay", razorpay_at, redis, account, "sandbox") as found:
        yield found


async def paid(razorpay: StandIn, request: OrderRequest = ORDER, **checkout: Any) -> PaymentFact:
    """An order, paid by its customer."""
    order = fact(await razorpay.gateway.create_order(request))
    done = await razorpay.do("/checkout", order_id=order.order_id, **checkout)
    proof = OrderProof(order.order_id, done["razorpay_payment_id"], done["razorpay_signature"])
    assert razorpay.gateway.verify_checkout(proof)
    found: PaymentFact = fact(await razorpay.gateway.payment(done["razorpay_payment_id"]))
    return found


async def test_order_is_paid_proven_and_told_of(razorpay: StandIn) -> None:
    payment = await paid(razorpay)
    order = fact(await razorpay.gateway.order(payment.order_id or ""))
    events = await razorpay.events(3)

    assert (payment.status, payment.captured_minor, payment.method) == (PaymentStatus.CAPTURED, 150_000, "upi")
    assert (payment.fee_minor, payment.tax_minor) == (3540, 540)
    assert (order.status, order.paid_minor, order.receipt) == (OrderStatus.PAID, 150_000, RECEIPT)
    assert {one.name for one in events} == {"payment.authorized", "payment.captured", "order.paid"}
    assert len({one.event_id for one in events}) == 3
    (captured,) = [one for one in events if one.name == "payment.captured"]
    assert [one.payment_id for one in captured.facts if isinstance(one, PaymentFact)] == [payment.payment_id]


async def test_authorized_payment_is_captured_once_and_for_its_whole_amount(razorpay: StandIn) -> None:
    payment = await paid(razorpay, replace(ORDER, capture=False))
    assert payment.status is PaymentStatus.AUTHORIZED

    part = await razorpay.gateway.capture(payment.payment_id, 149_000, "INR")
    whole = await razorpay.gateway.capture(payment.payment_id, 150_000, "INR")
    again = await razorpay.gateway.capture(payment.payment_id, 150_000, "INR")
    unknown = await razorpay.gateway.capture("pay_nowhere0000", 150_000, "INR")

    assert [(type(one), getattr(one, "why", None)) for one in (part, again, unknown)] == [
        (Refused, Refusal.INVALID),
        (Refused, Refusal.STATE),
        (Refused, Refusal.NOT_FOUND),
    ]
    assert fact(whole).captured_minor == 150_000


async def test_refund_is_made_once_per_receipt_and_never_above_what_is_left(razorpay: StandIn) -> None:
    payment = await paid(razorpay)
    asked = RefundRequest("refund-0000000001", payment.payment_id, 50_000, "INR")
    first, again = await razorpay.gateway.refund(asked), await razorpay.gateway.refund(asked)
    other = await razorpay.gateway.refund(replace(asked, amount_minor=60_000))
    above = await razorpay.gateway.refund(replace(asked, receipt="refund-0000000002", amount_minor=100_001))
    rest = await razorpay.gateway.refund(replace(asked, receipt="refund-0000000003", amount_minor=100_000))

    assert fact(first) == fact(again)
    assert [(type(one), getattr(one, "why", None)) for one in (other, above)] == [
        (Refused, Refusal.INVALID),
        (Refused, Refusal.STATE),
    ]
    listed = fact(await razorpay.gateway.refunds_of_payment(payment.payment_id))
    assert [one.refund_id for one in listed] == [fact(first).refund_id, fact(rest).refund_id]
    assert fact(await razorpay.gateway.refund_by_id(fact(first).refund_id)).status is RefundStatus.PROCESSED
    after = fact(await razorpay.gateway.payment(payment.payment_id))
    assert (after.status, after.captured_minor, after.refunded_minor) == (PaymentStatus.REFUNDED, 150_000, 150_000)


async def test_mandate_is_given_noticed_charged_and_taken_back(razorpay: StandIn) -> None:
    gateway = razorpay.gateway
    asked = CustomerRequest("payments.customer:7", "Ann O'Neil", "ann@example.com", "+919812345678")
    customer = fact(await gateway.create_customer(asked))
    assert fact(await gateway.create_customer(asked)) == customer

    mandate = Mandate("card", 500_000, datetime.now(UTC) + timedelta(days=365))
    await paid(razorpay, replace(ORDER, customer_id=customer.customer_id, mandate=mandate), method="card")
    (token,) = fact(await gateway.tokens(customer.customer_id))
    assert (token.status, token.max_minor) == (TokenStatus.CONFIRMED, 500_000)

    notice = PreDebitNotice(token.token_id, datetime.now(UTC) - timedelta(seconds=5))
    due = fact(await gateway.create_order(replace(ORDER, receipt="renewal-00000001", notice=notice)))
    assert due.notice.status is NoticeStatus.CREATED
    charge = ChargeRequest(
        "renewal-00000001",
        due.order_id,
        150_000,
        "INR",
        customer.customer_id,
        token.token_id,
        "ann@example.com",
        "+919812345678",
    )
    assert fact(await gateway.charge(charge)).status is PaymentStatus.CAPTURED
    again = await gateway.charge(charge)
    assert (type(again), getattr(again, "why", None)) == (Refused, Refusal.STATE)

    assert await gateway.delete_token(customer.customer_id, token.token_id) == Answered(None)
    assert await gateway.delete_token(customer.customer_id, token.token_id) == Answered(None)
    assert fact(await gateway.tokens(customer.customer_id)) == []


async def charge_of(razorpay: StandIn, amount_minor: int, receipt: str = RECEIPT) -> ChargeRequest:
    """A charge on a mandate that was noticed; the last three digits of its amount decide what becomes of it."""
    customer = fact(await razorpay.gateway.create_customer(CustomerRequest("r:1", "Ann", "ann@example.com")))
    token = await razorpay.do("/tokens", customer_id=customer.customer_id, method="card")
    notice = PreDebitNotice(token["id"], datetime.now(UTC) - timedelta(seconds=5))
    order = fact(await razorpay.gateway.create_order(OrderRequest(receipt, amount_minor, "INR", notice=notice)))
    who = (customer.customer_id, token["id"], "ann@example.com", "+919812345678")
    return ChargeRequest(receipt, order.order_id, amount_minor, "INR", *who)


async def test_declined_charge_names_its_payment_and_its_reason(razorpay: StandIn) -> None:
    answer = await razorpay.gateway.charge(await charge_of(razorpay, 100_906))

    assert isinstance(answer, Declined)
    assert (answer.decline.reason, answer.decline.kind) == ("insufficient_funds", DeclineKind.LATER)
    assert answer.fact is not None
    (attempt,) = fact(await razorpay.gateway.payments_of_order(answer.fact.order_id or ""))
    assert (attempt.payment_id, attempt.status) == (answer.fact.payment_id, PaymentStatus.FAILED)
    assert attempt.decline is not None
    assert (attempt.decline.reason, attempt.decline.kind) == (answer.decline.reason, answer.decline.kind)


async def test_order_whose_answer_was_lost_is_found_by_its_receipt(razorpay: StandIn) -> None:
    began = datetime.now(UTC)
    for number, fault in enumerate(LOST):
        receipt = f"attempt-000000000{number}"
        await razorpay.faults({**fault, "operation": "orders.create"})
        answer = await razorpay.hasty.create_order(replace(ORDER, receipt=receipt))
        (found,) = fact(await razorpay.gateway.orders_by_receipt(receipt, began))

        assert isinstance(answer, Unknown)
        assert (found.receipt, found.amount_minor, found.status) == (receipt, 150_000, OrderStatus.CREATED)
    assert fact(await razorpay.gateway.orders_by_receipt("another-receipt", began)) == []


async def test_charge_whose_answer_was_lost_is_found_with_its_order_and_never_repeated(razorpay: StandIn) -> None:
    for number, fault in enumerate(LOST):
        await razorpay.faults()
        charge = await charge_of(razorpay, 150_000, f"attempt-000000000{number}")
        await razorpay.faults({**fault, "operation": "payments.recurring"})
        answer = await razorpay.hasty.charge(charge)
        found = fact(await razorpay.gateway.payments_of_order(charge.order_id or ""))

        assert isinstance(answer, Unknown)
        assert [(one.status, one.captured_minor) for one in found] == [(PaymentStatus.CAPTURED, 150_000)]


async def test_refund_whose_answer_was_lost_is_the_same_refund_when_it_is_asked_for_again(razorpay: StandIn) -> None:
    payment = await paid(razorpay)
    made = []
    for number, fault in enumerate(LOST):
        asked = RefundRequest(f"refund-000000000{number}", payment.payment_id, 10_000, "INR")
        await razorpay.faults({**fault, "operation": "refunds.create", "times": 1})
        first = await razorpay.hasty.refund(asked)
        made.append(fact(await razorpay.gateway.refund(asked)))

        # Where no reply came at all, the client has repeated the call itself.
        assert isinstance(first, Unknown) or fact(first) == made[-1]
    assert fact(await razorpay.gateway.refunds_of_payment(payment.payment_id)) == made


async def test_account_that_is_throttled_or_down_has_done_nothing(razorpay: StandIn) -> None:
    await razorpay.faults({"action": "rate_limit", "seconds": 7, "operation": "orders.create"})
    throttled = await razorpay.gateway.create_order(ORDER)
    await razorpay.faults()
    left = await razorpay.gateway.create_order(ORDER)

    assert (type(throttled), getattr(throttled, "retry_after_s", None)) == (Unavailable, 7.0)
    assert isinstance(left, Unavailable)
    assert 6 < left.retry_after_s <= 7


async def test_late_yes_of_a_bank_turns_a_failed_payment_into_a_captured_one(razorpay: StandIn) -> None:
    order = fact(await razorpay.gateway.create_order(ORDER))
    refused = await razorpay.outside.post(
        "/razorpay/checkout", json={"order_id": order.order_id, "outcome": "late", "seconds": 60}
    )
    payment_id = refused.json()["error"]["metadata"]["payment_id"]
    before = fact(await razorpay.gateway.payment(payment_id))
    await razorpay.do(f"/payments/{payment_id}/bank", outcome="captured")
    after = fact(await razorpay.gateway.payment(payment_id))

    assert (before.status, before.decline and before.decline.reason) == (PaymentStatus.FAILED, "payment_timed_out")
    assert (after.status, after.captured_minor, after.decline) == (PaymentStatus.CAPTURED, 150_000, None)


async def test_settlement_and_its_lines_agree_to_the_paisa(razorpay: StandIn) -> None:
    payment = await paid(razorpay)
    refund = fact(await razorpay.gateway.refund(RefundRequest("refund-0000000001", payment.payment_id, 50_000, "INR")))
    settled = await razorpay.do("/settlements", older_than_days=0)
    settlement = fact(await razorpay.gateway.settlement(settled["id"]))
    day = settlement.occurred_at.astimezone(tz=INDIA).date()
    items = fact(await razorpay.gateway.reports.settlement_items(day)).items

    lines = {one.entity_id: one for one in items}
    assert lines.keys() == {payment.payment_id, refund.refund_id}
    assert lines[payment.payment_id].credit_minor == 150_000 - 3540
    assert lines[payment.payment_id].order_receipt == RECEIPT
    assert (lines[refund.refund_id].debit_minor, lines[refund.refund_id].payment_id) == (50_000, payment.payment_id)
    assert sum(one.credit_minor - one.debit_minor for one in items) == settlement.amount_minor
    assert {one.utr for one in items} == {settlement.utr}


async def test_downtime_is_known_while_it_lasts(razorpay: StandIn) -> None:
    await razorpay.do("/downtimes", method="netbanking", instrument={"bank": "HDFC"}, severity="high")
    (downtime,) = fact(await razorpay.gateway.downtimes())

    assert (downtime.method, downtime.instrument, downtime.severity, downtime.ended_at) == ("netbanking", "HDFC", "high", None)
