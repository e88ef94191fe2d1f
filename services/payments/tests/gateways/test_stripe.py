"""Stripe's calls: exactly what is sent, and what is made of the answers."""

import dataclasses
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered, Declined, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.declines import DeclineKind
from services.payments.gateways.facts import (
    CustomerFact,
    OrderFact,
    OrderStatus,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    RefundStatus,
)
from services.payments.gateways.gateway import CustomerRequest, Gateway, Mandate, PreDebitNotice
from services.payments.gateways.signatures import OrderProof
from services.payments.tests.gateways import stripe_wire as wire
from services.payments.tests.gateways.arrange import CHARGE, NOW, ORDER, RECEIPT, REFUND, scripted, stripe_at
from shared.testing.scripted_api import HANG_UP

Ask = Callable[[Gateway], Awaitable[Any]]
OFF_SESSION = dataclasses.replace(CHARGE, order_id=None, customer_id="cus_1", token_id="pm_1", email=None, phone=None)
TO_REFUND = dataclasses.replace(REFUND, payment_id="pi_1")
MONEY = {"amount": "150000", "currency": "inr"}
PAYMENT = PaymentFact(
    gateway="stripe",
    payment_id="pi_1",
    order_id="pi_1",
    receipt=RECEIPT,
    status=PaymentStatus.CAPTURED,
    amount_minor=150_000,
    currency="INR",
    captured_minor=150_000,
    refunded_minor=0,
    occurred_at=NOW,
    fee_minor=3540,
    tax_minor=540,
    method="card",
    bank="visa",
    reference="N1",
    customer_id="cus_1",
    token_id="pm_1",
)
HEX = "[0-9a-f]{32,40}"

CALLS: list[tuple[Ask, str, dict[str, str] | None, str | None]] = [
    (
        lambda gateway: gateway.create_order(ORDER),
        "POST /v1/payment_intents",
        {
            **MONEY,
            "metadata[receipt]": RECEIPT,
            "automatic_payment_methods[enabled]": "true",
            "capture_method": "automatic",
        },
        f"order-{RECEIPT}",
    ),
    (
        lambda gateway: gateway.create_order(
            dataclasses.replace(
                ORDER, customer_id="cus_1", capture=False, mandate=Mandate("card", 1_500_000, NOW), notes={"order": "O-1"}
            )
        ),
        "POST /v1/payment_intents",
        {
            **MONEY,
            "metadata[order]": "O-1",
            "metadata[receipt]": RECEIPT,
            "automatic_payment_methods[enabled]": "true",
            "capture_method": "manual",
            "customer": "cus_1",
            "setup_future_usage": "off_session",
        },
        f"order-{RECEIPT}",
    ),
    (
        lambda gateway: gateway.charge(OFF_SESSION),
        "POST /v1/payment_intents",
        {
            **MONEY,
            "metadata[receipt]": RECEIPT,
            "customer": "cus_1",
            "payment_method": "pm_1",
            "off_session": "true",
            "confirm": "true",
            "capture_method": "automatic",
            "expand[]": "latest_charge.balance_transaction",
        },
        f"charge-{RECEIPT}",
    ),
    (
        lambda gateway: gateway.capture("pi_1", 150_000, "INR"),
        "POST /v1/payment_intents/pi_1/capture",
        {"amount_to_capture": "150000", "expand[]": "latest_charge.balance_transaction"},
        f"capture-{HEX}",
    ),
    (
        lambda gateway: gateway.cancel("pi_1"),
        "POST /v1/payment_intents/pi_1/cancel",
        {"expand[]": "latest_charge.balance_transaction"},
        f"cancel-{HEX}",
    ),
    (
        lambda gateway: gateway.refund(TO_REFUND),
        "POST /v1/refunds",
        {"payment_intent": "pi_1", "amount": "50000", "metadata[receipt]": RECEIPT},
        f"refund-{RECEIPT}",
    ),
    (
        lambda gateway: gateway.create_customer(CustomerRequest("payments.customer:7", "Ann", "ann@example.com")),
        "POST /v1/customers",
        {"name": "Ann", "email": "ann@example.com", "metadata[reference]": "payments.customer:7"},
        f"customer-{HEX}",
    ),
    (lambda gateway: gateway.delete_token("cus_1", "pm_1"), "POST /v1/payment_methods/pm_1/detach", {}, f"detach-{HEX}"),
    (
        lambda gateway: gateway.payment("pi_1"),
        "GET /v1/payment_intents/pi_1?expand%5B%5D=latest_charge.balance_transaction",
        None,
        None,
    ),
    (lambda gateway: gateway.order("pi_1"), "GET /v1/payment_intents/pi_1", None, None),
    (
        lambda gateway: gateway.orders_by_receipt(RECEIPT, NOW),
        f"GET /v1/payment_intents?created%5Bgte%5D={wire.AT - 300}&created%5Blte%5D={wire.AT + 900}&limit=100",
        None,
        None,
    ),
    (
        lambda gateway: gateway.orders_by_receipt(RECEIPT, NOW, NOW + timedelta(hours=1)),
        f"GET /v1/payment_intents?created%5Bgte%5D={wire.AT - 300}&created%5Blte%5D={wire.AT + 4500}&limit=100",
        None,
        None,
    ),
    (lambda gateway: gateway.refunds_of_payment("pi_1"), "GET /v1/refunds?payment_intent=pi_1&limit=100", None, None),
    (lambda gateway: gateway.refund_by_id("re_1"), "GET /v1/refunds/re_1", None, None),
    (lambda gateway: gateway.tokens("cus_1"), "GET /v1/payment_methods?customer=cus_1&limit=100", None, None),
    (lambda gateway: gateway.token("cus_1", "pm_1"), "GET /v1/payment_methods/pm_1", None, None),
    (
        lambda gateway: gateway.reports.settlement_items(date(2026, 3, 2)),
        "GET /v1/payouts?arrival_date%5Bgte%5D=1772409600&arrival_date%5Blt%5D=1772496000&limit=100",
        None,
        None,
    ),
    (lambda gateway: gateway.settlement("po_1"), "GET /v1/payouts/po_1", None, None),
]


@pytest.mark.parametrize(("ask", "line", "form", "key"), CALLS)
async def test_call_is_sent_as_stripe_documents_it(
    ask: Ask, line: str, form: dict[str, str] | None, key: str | None, redis: Redis
) -> None:
    async with scripted(stripe_at, redis) as script:
        script.say((404, wire.error("resource_missing")))
        await ask(script.gateway)

    (first, headers, sent) = script.server.requests[0]
    assert first == f"{line} HTTP/1.1"
    assert (headers["authorization"], headers["stripe-version"]) == ("Bearer sk_test_key", "2024-06-20")
    assert (dict(parse_qsl(sent.decode())) if form is not None else None) == form
    assert bool(key) == ("idempotency-key" in headers)
    assert key is None or re.fullmatch(key, headers["idempotency-key"])


async def answer_of(ask: Ask, redis: Redis, *replies: tuple[int, Any]) -> Any:
    async with scripted(stripe_at, redis) as script:
        script.say(*replies)
        return await ask(script.gateway)


async def test_order_is_the_intent_that_a_page_confirms(redis: Redis) -> None:
    said = wire.intent(status="requires_payment_method", amount_received=0, latest_charge=None)
    answer = await answer_of(lambda gateway: gateway.create_order(ORDER), redis, (200, said))

    expected = OrderFact("stripe", "pi_1", RECEIPT, OrderStatus.CREATED, 150_000, "INR", 0, 0, NOW, "pi_1_secret_x")
    assert answer == Answered(expected)
    assert "secret" not in repr(answer)


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        (wire.intent(), {}),
        # What was not asked for whole is not known.
        (
            wire.intent(latest_charge="ch_1"),
            {"fee_minor": None, "tax_minor": None, "method": None, "bank": None, "reference": None},
        ),
        (
            wire.intent(latest_charge=wire.charge(balance_transaction=wire.transaction(currency="usd"))),
            {"fee_minor": None, "tax_minor": None},
        ),
        (wire.intent(status="processing", amount_received=0), {"status": PaymentStatus.CREATED, "captured_minor": 0}),
        (
            wire.intent(status="requires_capture", amount_received=0),
            {"status": PaymentStatus.AUTHORIZED, "captured_minor": 0},
        ),
        (
            wire.intent(
                status="canceled",
                amount_received=0,
                latest_charge=wire.charge(amount_captured=0, amount_refunded=150_000, captured=False),
            ),
            {"status": PaymentStatus.CANCELLED, "captured_minor": 0},
        ),
        (
            wire.intent(
                status="requires_action",
                amount_received=0,
                next_action={"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}},
            ),
            {"status": PaymentStatus.REQUIRES_ACTION, "captured_minor": 0, "action_url": "https://bank.example/3ds"},
        ),
        (wire.intent(latest_charge=wire.charge(amount_refunded=50_000)), {"refunded_minor": 50_000}),
        (
            wire.intent(latest_charge=wire.charge(amount_refunded=150_000, refunded=True)),
            {"refunded_minor": 150_000, "status": PaymentStatus.REFUNDED},
        ),
        (wire.intent(customer={"id": "cus_1"}, payment_method={"id": "pm_1"}, unheard_of=[1]), {}),
    ],
)
async def test_payment_is_read_whatever_state_it_is_in(said: dict[str, Any], changed: dict[str, Any], redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.payment("pi_1"), redis, (200, said))

    assert answer == Answered(dataclasses.replace(PAYMENT, **changed))


DECLINED = wire.intent(
    status="requires_payment_method",
    amount_received=0,
    latest_charge=None,
    last_payment_error={"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "No."},
)


async def test_charge_that_a_bank_declines_brings_the_payment_that_failed(redis: Redis) -> None:
    error = wire.error("card_declined", kind="card_error", decline_code="insufficient_funds", payment_intent=DECLINED)
    answer = await answer_of(lambda gateway: gateway.charge(OFF_SESSION), redis, (402, error))

    assert isinstance(answer, Declined)
    assert (answer.decline.code, answer.decline.reason, answer.decline.kind) == (
        "card_declined",
        "insufficient_funds",
        DeclineKind.LATER,
    )
    assert answer.fact is not None
    assert (answer.fact.payment_id, answer.fact.status, answer.fact.decline) == ("pi_1", PaymentStatus.FAILED, answer.decline)


async def test_charge_that_a_card_from_india_declines_is_not_tried_again_by_itself(redis: Redis) -> None:
    said = DECLINED["last_payment_error"] | {"payment_method": {"id": "pm_1", "type": "card", "card": {"country": "IN"}}}
    answer = await answer_of(lambda gateway: gateway.payment("pi_1"), redis, (200, DECLINED | {"last_payment_error": said}))

    assert isinstance(answer, Answered)
    declined = answer.fact.decline
    assert (declined.reason, declined.kind, declined.delay_s) == ("insufficient_funds", DeclineKind.ASK_CUSTOMER, None)


async def test_charge_that_wants_the_customer_asks_for_them(redis: Redis) -> None:
    error = wire.error("authentication_required", kind="card_error", decline_code="authentication_required")
    answer = await answer_of(lambda gateway: gateway.charge(OFF_SESSION), redis, (402, error))

    assert (type(answer), answer.decline.kind, answer.decline.next_action.value, answer.fact) == (
        Declined,
        DeclineKind.ASK_CUSTOMER,
        "authenticate",
        None,
    )


@pytest.mark.parametrize(
    ("status", "error", "kind", "why"),
    [
        (400, wire.error("payment_intent_unexpected_state"), Refused, Refusal.STATE),
        (400, wire.error("charge_already_refunded"), Refused, Refusal.STATE),
        (400, wire.error(None, "Refund amount (₹9) is greater than unrefunded amount"), Refused, Refusal.STATE),
        (404, wire.error("resource_missing"), Refused, Refusal.NOT_FOUND),
        (400, wire.error("parameter_missing"), Refused, Refusal.INVALID),
        (400, wire.error(None, "Keys for idempotent requests…", "idempotency_error"), Refused, Refusal.INVALID),
        (401, wire.error(None), Refused, Refusal.SETUP),
        (403, wire.error(None), Refused, Refusal.SETUP),
        (409, wire.error("idempotency_key_in_use"), Unknown, None),
        (500, wire.error(None, kind="api_error"), Unknown, None),
        (429, wire.error("lock_timeout"), Unavailable, None),
    ],
)
async def test_refusal_says_whose_fault_it_is(
    status: int, error: dict[str, Any], kind: type, why: Refusal | None, redis: Redis
) -> None:
    answer = await answer_of(lambda gateway: gateway.refund(TO_REFUND), redis, (status, error))

    assert (type(answer), getattr(answer, "why", None)) == (kind, why)


@pytest.mark.parametrize("operation", ["create_order", "charge", "capture", "cancel", "refund", "create_customer"])
async def test_call_that_was_cut_off_is_repeated_once_under_the_same_key(operation: str, redis: Redis) -> None:
    asks: dict[str, Ask] = {
        "create_order": lambda gateway: gateway.create_order(ORDER),
        "charge": lambda gateway: gateway.charge(OFF_SESSION),
        "capture": lambda gateway: gateway.capture("pi_1", 150_000, "INR"),
        "cancel": lambda gateway: gateway.cancel("pi_1"),
        "refund": lambda gateway: gateway.refund(TO_REFUND),
        "create_customer": lambda gateway: gateway.create_customer(CustomerRequest("r:1", "Ann")),
    }
    said = {"refund": wire.refund(), "create_customer": {"id": "cus_1"}}.get(operation, wire.intent())
    async with scripted(stripe_at, redis) as script:
        script.server.answers.append(HANG_UP)
        script.say((200, said))
        answer = await asks[operation](script.gateway)

    assert isinstance(answer, Answered)
    first, second = script.server.requests
    assert first == second


async def test_intent_that_a_time_out_hid_is_found_by_its_receipt_on_any_page(redis: Redis) -> None:
    other = wire.intent(id="pi_2", metadata={"receipt": "another"})
    async with scripted(stripe_at, redis) as script:
        script.say((200, wire.page(other, wire.intent(id="pi_3", metadata={}), has_more=True)), (200, wire.page(wire.intent())))
        answer = await script.gateway.orders_by_receipt(RECEIPT, NOW)

    assert isinstance(answer, Answered)
    assert [one.order_id for one in answer.fact] == ["pi_1"]
    assert script.lines[1].endswith("&limit=100&starting_after=pi_3")


async def test_payment_of_an_order_is_the_intent_itself(redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.payments_of_order("pi_1"), redis, (200, wire.intent()))

    assert answer == Answered([PAYMENT])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("pending", RefundStatus.PENDING),
        ("requires_action", RefundStatus.PENDING),
        ("succeeded", RefundStatus.PROCESSED),
        ("failed", RefundStatus.FAILED),
        ("canceled", RefundStatus.FAILED),
    ],
)
async def test_refund_is_answered_with_our_receipt(said: str, status: RefundStatus, redis: Redis) -> None:
    answer = await answer_of(lambda gateway: gateway.refund(TO_REFUND), redis, (200, wire.refund(status=said)))

    assert answer == Answered(RefundFact("stripe", "re_1", "pi_1", RECEIPT, status, 50_000, "INR", NOW))


async def test_customer_is_the_same_for_the_same_form_and_another_for_another(redis: Redis) -> None:
    async with scripted(stripe_at, redis) as script:
        script.say((200, {"id": "cus_1"}))
        answers = [await script.gateway.create_customer(CustomerRequest("r:1", name)) for name in ("Ann", "Ann", "Anna")]
        keys = [headers["idempotency-key"] for _, headers, _ in script.server.requests]

    assert answers == [Answered(CustomerFact("stripe", "cus_1"))] * 3
    assert keys[0] == keys[1] != keys[2]


async def test_what_stripe_has_no_call_for_is_said_without_one(redis: Redis) -> None:
    async with scripted(stripe_at, redis) as script:
        part = await script.gateway.create_order(dataclasses.replace(ORDER, partial_payment=True))
        notice = await script.gateway.create_order(dataclasses.replace(ORDER, notice=PreDebitNotice("pm_1", NOW)))
        ordered = await script.gateway.charge(CHARGE)
        downtimes = await script.gateway.downtimes()
        proven = script.gateway.verify_checkout(OrderProof("pi_1", "pi_1", "signature"))

    assert [(type(one), getattr(one, "why", None)) for one in (part, notice, ordered)] == [
        (Refused, Refusal.UNSUPPORTED),
        (Refused, Refusal.UNSUPPORTED),
        (Refused, Refusal.INVALID),
    ]
    assert (downtimes, proven, script.server.requests) == (Answered([]), False, [])
