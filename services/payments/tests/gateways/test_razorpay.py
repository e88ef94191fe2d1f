"""Razorpay's calls: exactly what is sent, and what is made of the answers."""

import base64
import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered, Declined, Refusal, Refused
from services.payments.gateways.declines import DeclineKind
from services.payments.gateways.facts import (
    NoticeFact,
    NoticeStatus,
    OrderFact,
    OrderStatus,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    RefundStatus,
)
from services.payments.gateways.gateway import ChargeRequest, CustomerRequest, Frequency, Gateway, Mandate, PreDebitNotice
from services.payments.tests.gateways import wire
from services.payments.tests.gateways.arrange import CHARGE, NOW, ORDER, RECEIPT, REFUND, razorpay_at, scripted

LATER = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PAYMENT = PaymentFact(
    gateway="razorpay",
    payment_id="pay_1",
    order_id="order_1",
    receipt=None,
    status=PaymentStatus.CAPTURED,
    amount_minor=150_000,
    currency="INR",
    captured_minor=150_000,
    refunded_minor=0,
    occurred_at=NOW,
    fee_minor=3540,
    tax_minor=540,
    method="upi",
    reference="606200000001",
)
MONEY = {"amount": 150_000, "currency": "INR"}

CALLS: list[tuple[Callable[[Gateway], Awaitable[Any]], str, dict[str, Any] | None]] = [
    (
        lambda gateway: gateway.create_order(ORDER),
        "POST /v1/orders",
        {**MONEY, "receipt": RECEIPT, "payment_capture": True, "notes": {}},
    ),
    (
        lambda gateway: gateway.create_order(
            dataclasses.replace(
                ORDER,
                customer_id="cust_1",
                partial_payment=True,
                capture=False,
                mandate=Mandate("card", 1_500_000, LATER, Frequency.MONTHLY),
                notes={"order": "O-1"},
            )
        ),
        "POST /v1/orders",
        {
            **MONEY,
            "receipt": RECEIPT,
            "payment_capture": False,
            "notes": {"order": "O-1"},
            "partial_payment": True,
            "customer_id": "cust_1",
            "method": "card",
            "token": {"max_amount": 1_500_000, "expire_at": 1_772_614_800, "frequency": "monthly"},
        },
    ),
    (
        lambda gateway: gateway.create_order(dataclasses.replace(ORDER, notice=PreDebitNotice("token_1", LATER))),
        "POST /v1/orders",
        {
            **MONEY,
            "receipt": RECEIPT,
            "payment_capture": True,
            "notes": {},
            "notification": {"token_id": "token_1", "payment_after": 1_772_614_800},
        },
    ),
    (
        lambda gateway: gateway.charge(CHARGE),
        "POST /v1/payments/create/recurring",
        {
            "email": "ann@example.com",
            "contact": "+919812345678",
            **MONEY,
            "order_id": "order_1",
            "customer_id": "cust_1",
            "token": "token_1",
            "recurring": True,
            "notes": {},
        },
    ),
    (lambda gateway: gateway.capture("pay_1", 150_000, "INR"), "POST /v1/payments/pay_1/capture", MONEY),
    (
        lambda gateway: gateway.refund(REFUND),
        "POST /v1/payments/pay_1/refund",
        {"amount": 50_000, "speed": "normal", "receipt": RECEIPT, "notes": {}},
    ),
    (
        lambda gateway: gateway.create_customer(
            CustomerRequest("payments.customer:7", "Ann O'Neil 3rd, of ⚓ the house", "ann@example.com", "+919812345678")
        ),
        "POST /v1/customers",
        {
            "name": "Ann O'Neil rd of the house",
            "email": "ann@example.com",
            "contact": "+919812345678",
            "fail_existing": "0",
            "notes": {"reference": "payments.customer:7"},
        },
    ),
    (lambda gateway: gateway.create_customer(CustomerRequest("r:1", "Al")), "POST /v1/customers", None),
    (lambda gateway: gateway.order("order_1"), "GET /v1/orders/order_1", None),
    (lambda gateway: gateway.payment("pay/1?x"), "GET /v1/payments/pay%2F1%3Fx", None),
    (lambda gateway: gateway.payments_of_order("order_1"), "GET /v1/orders/order_1/payments", None),
    (lambda gateway: gateway.orders_by_receipt(RECEIPT, NOW), f"GET /v1/orders?receipt={RECEIPT}&count=100&skip=0", None),
    (lambda gateway: gateway.refunds_of_payment("pay_1"), "GET /v1/payments/pay_1/refunds?count=100&skip=0", None),
    (lambda gateway: gateway.refund_by_id("rfnd_1"), "GET /v1/refunds/rfnd_1", None),
    (lambda gateway: gateway.tokens("cust_1"), "GET /v1/customers/cust_1/tokens", None),
    (lambda gateway: gateway.token("cust_1", "token_1"), "GET /v1/customers/cust_1/tokens/token_1", None),
    (lambda gateway: gateway.delete_token("cust_1", "token_1"), "DELETE /v1/customers/cust_1/tokens/token_1", None),
    (
        lambda gateway: gateway.reports.settlement_items(date(2026, 3, 2)),
        "GET /v1/settlements/recon/combined?year=2026&month=03&day=02&count=1000&skip=0",
        None,
    ),
    (lambda gateway: gateway.settlement("setl_1"), "GET /v1/settlements/setl_1", None),
    (lambda gateway: gateway.downtimes(), "GET /v1/payments/downtimes", None),
]


@pytest.mark.parametrize(("ask", "line", "body"), CALLS)
async def test_call_is_sent_as_razorpay_documents_it(
    ask: Callable[[Gateway], Awaitable[Any]], line: str, body: dict[str, Any] | None, redis: Redis
) -> None:
    async with scripted(razorpay_at, redis) as script:
        script.say((400, wire.error("The id provided does not exist")))
        await ask(script.gateway)

    (first, headers, sent) = script.server.requests[0]
    assert first == f"{line} HTTP/1.1"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"rzp_test_key:s3cret").decode()
    assert headers["user-agent"] == "waybill-payments"
    if body is not None:
        assert json.loads(sent) == body
        assert headers["content-type"] == "application/json"
    assert ("x-refund-idempotency" in headers) == line.endswith("/refund")


async def answer_of(ask: Callable[[Gateway], Awaitable[Any]], redis: Redis, *replies: tuple[int, Any], **account: Any) -> Any:
    async with scripted(razorpay_at, redis, **account) as script:
        script.say(*replies)
        return await ask(script.gateway)


async def test_order_is_answered_with_what_was_made(redis: Redis) -> None:
    notice = {"token_id": "token_1", "payment_after": wire.AT, "id": "notification_1"}
    answer = await answer_of(lambda gateway: gateway.create_order(ORDER), redis, (200, wire.order(notification=notice)))

    told = NoticeFact("razorpay", "notification_1", "order_1", "token_1", NoticeStatus.CREATED, NOW, None)
    assert answer == Answered(
        OrderFact("razorpay", "order_1", RECEIPT, OrderStatus.CREATED, 150_000, "INR", 0, 0, NOW, notice=told)
    )


async def test_order_that_a_time_out_hid_is_found_by_its_receipt_and_no_other_is(redis: Redis) -> None:
    others = wire.order(id="order_2", receipt=f"{RECEIPT}-2")
    answer = await answer_of(
        lambda gateway: gateway.orders_by_receipt(RECEIPT, NOW), redis, (200, wire.collection(others, wire.order()))
    )

    assert [one.order_id for one in answer.fact] == ["order_1"]


async def test_attempts_at_an_order_come_the_oldest_first(redis: Redis) -> None:
    newest = wire.payment(id="pay_2", created_at=wire.AT + 9)
    answer = await answer_of(
        lambda gateway: gateway.payments_of_order("order_1"),
        redis,
        (200, wire.collection(newest, wire.failed("insufficient_funds"))),
    )

    assert [(one.payment_id, one.status.value) for one in answer.fact] == [("pay_1", "failed"), ("pay_2", "captured")]
    decline = answer.fact[0].decline
    assert (decline.reason, decline.kind, decline.detail) == ("insufficient_funds", DeclineKind.LATER, "Declined.")


@pytest.mark.parametrize(
    ("entity", "changed"),
    [
        (wire.payment(), {}),
        (
            wire.payment(status="authorized", captured=False, fee=None, tax=None),
            {"status": PaymentStatus.AUTHORIZED, "captured_minor": 0, "fee_minor": None, "tax_minor": None},
        ),
        (wire.payment(amount_refunded=50_000, refund_status="partial"), {"refunded_minor": 50_000}),
        (
            wire.payment(status="refunded", amount_refunded=150_000),
            {"status": PaymentStatus.REFUNDED, "refunded_minor": 150_000},
        ),
        # What was never captured goes back by itself, and is no money that we had.
        (
            wire.payment(status="refunded", captured=False, amount_refunded=150_000),
            {"status": PaymentStatus.CANCELLED, "captured_minor": 0},
        ),
        (
            wire.payment(method="card", card={"issuer": "HDFC", "last4": "1111"}, acquirer_data={"auth_code": 299196}),
            {"method": "card", "bank": "HDFC", "reference": "299196"},
        ),
        (wire.payment(acquirer_data=[], notes={"a": "b"}, unheard_of={"x": 1}), {"reference": None}),
    ],
)
async def test_payment_is_read_whatever_state_it_is_in(entity: dict[str, Any], changed: dict[str, Any], redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.payment("pay_1"), redis, (200, entity))

    assert answer == Answered(dataclasses.replace(PAYMENT, **changed))


@pytest.mark.parametrize(
    "wrong", [{"amount": 1500.0}, {"amount": "150000"}, {"amount": None}, {"status": "new"}, {"currency": "₹"}]
)
async def test_payment_with_an_amount_that_is_no_integer_is_not_read_at_all(wrong: dict[str, Any], redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.payment("pay_1"), redis, (200, wire.payment(**wrong)))

    assert answer.detail == f"razorpay answered without {next(iter(wrong))}, or not in its documented form"


async def test_charge_answers_with_the_payment_as_it_is_right_after(redis: Redis) -> None:
    answer = await answer_of(
        lambda gateway: gateway.charge(CHARGE), redis, (200, {"razorpay_payment_id": "pay_1"}), (200, wire.payment())
    )

    assert answer == Answered(PAYMENT)


async def test_charge_whose_payment_cannot_be_looked_up_is_known_by_its_id(redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.charge(CHARGE), redis, (200, {"razorpay_payment_id": "pay_1"}), (500, {}))

    fact = answer.fact
    assert (fact.payment_id, fact.order_id, fact.receipt, fact.status) == ("pay_1", "order_1", RECEIPT, PaymentStatus.CREATED)
    assert (fact.amount_minor, fact.captured_minor, fact.token_id, fact.occurred_at) == (150_000, 0, "token_1", NOW)


async def test_charge_that_a_bank_declines_is_no_fault_of_ours_and_names_the_payment(redis: Redis) -> None:
    declined = wire.error("Not enough money.", "insufficient_funds", "customer", payment_id="pay_9", order_id="order_1")
    answer = await answer_of(lambda gateway: gateway.charge(CHARGE), redis, (400, declined))

    assert isinstance(answer, Declined)
    assert (answer.decline.reason, answer.decline.kind, answer.decline.delay_s) == (
        "insufficient_funds",
        DeclineKind.LATER,
        2 * 86_400,
    )
    assert answer.fact is not None
    assert (answer.fact.payment_id, answer.fact.status, answer.fact.decline) == ("pay_9", PaymentStatus.FAILED, answer.decline)


@pytest.mark.parametrize(
    ("reason", "source", "kind"),
    [
        ("recurring_payment_not_enabled", "business", DeclineKind.OUR_SETUP),
        ("unheard_of", "bank", DeclineKind.LATER),
        ("BAD_REQUEST_MANDATE_PROMISED_DEBIT_DATE_NOT_HONOURED", "business", DeclineKind.LATER),
        ("pre_debit_notification_not_sent", "business", DeclineKind.OUR_SETUP),
    ],
)
async def test_charge_that_is_declined_before_there_is_a_payment_has_none(
    reason: str, source: str, kind: DeclineKind, redis: Redis
) -> None:
    answer = await answer_of(lambda gateway: gateway.charge(CHARGE), redis, (400, wire.error("No.", reason, source)))

    assert (type(answer), answer.decline.kind, answer.fact) == (Declined, kind, None)


async def _charge(request: ChargeRequest, gateway: Gateway) -> Any:
    return await gateway.charge(request)


async def test_charge_needs_an_order_and_somebody_to_tell(redis: Redis) -> None:
    replace = dataclasses.replace
    for request in (replace(CHARGE, order_id=None), replace(CHARGE, email=None), replace(CHARGE, phone=None)):
        answer = await answer_of(partial(_charge, request), redis)
        assert (type(answer), answer.why) == (Refused, Refusal.INVALID)
    mandate = dataclasses.replace(ORDER, mandate=Mandate("card", 1000, LATER))
    assert (await answer_of(lambda gateway: gateway.create_order(mandate), redis)).why is Refusal.INVALID


async def test_authorization_cannot_be_given_up(redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.cancel("pay_1"), redis)

    assert (type(answer), answer.why) == (Refused, Refusal.UNSUPPORTED)


async def test_refund_is_answered_with_our_receipt(redis: Redis) -> None:
    answer = await answer_of(
        lambda gateway: gateway.refund(REFUND), redis, (200, wire.refund(acquirer_data={"arn": "10000000000000"}))
    )

    assert answer == Answered(
        RefundFact("razorpay", "rfnd_1", "pay_1", RECEIPT, RefundStatus.PENDING, 50_000, "INR", NOW, "10000000000000")
    )


async def test_all_pages_of_a_list_are_read(redis: Redis) -> None:
    pages = [wire.collection(*[wire.refund(id=f"rfnd_{number}") for number in range(100)]), wire.collection(wire.refund())]
    async with scripted(razorpay_at, redis) as script:
        script.say(*[(200, page) for page in pages])
        answer = await script.gateway.refunds_of_payment("pay_1")

    assert isinstance(answer, Answered)
    assert len(answer.fact) == 101
    assert [line.partition("?")[2] for line in script.lines] == ["count=100&skip=0", "count=100&skip=100"]
