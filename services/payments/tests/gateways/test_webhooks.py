"""Call-backs as events: all kinds, with everything that gateways add, leave out, or write in another form."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from services.payments.gateways.errors import ForgedWebhook, UnreadableWebhook
from services.payments.gateways.events import Event, EventKind
from services.payments.gateways.facts import (
    DisputeFact,
    DisputeStatus,
    DowntimeFact,
    NoticeFact,
    NoticeStatus,
    OrderFact,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    RefundStatus,
    SettlementFact,
    TokenFact,
)
from services.payments.tests.gateways import wire
from services.payments.tests.gateways.arrange import NOW, RECEIPT, razorpay_at
from services.payments.tests.gateways.test_signatures import signed

AT = NOW + timedelta(seconds=6)
DISPUTE = {
    "id": "disp_1",
    "entity": "dispute",
    "payment_id": "pay_1",
    "amount": 39_000,
    "currency": "INR",
    "amount_deducted": 39_000,
    "reason_code": "goods_not_received",
    "respond_by": wire.AT + 86_400,
    "status": "open",
    "phase": "chargeback",
    "created_at": wire.AT,
}
DOWNTIME = {
    "id": "down_1",
    "entity": "payment.downtime",
    "method": "card",
    "begin": wire.AT,
    "end": None,
    "status": "started",
    "scheduled": False,
    "severity": "high",
    "instrument": {"network": "VISA", "type": "credit"},
}
SETTLEMENT = {"id": "setl_1", "amount": 1524, "status": "processed", "fees": 0, "tax": 0, "utr": "U1", "created_at": wire.AT}
NOTICE = {
    "id": "notification_1",
    "order_id": "order_1",
    "token_id": "token_1",
    "delivered_at": wire.AT,
    "status": "delivered",
    "payment_after": wire.AT + 3600,
}
TOKEN = {"id": "token_1", "method": "emandate", "bank": "HDFC", "recurring_details": {"status": "confirmed"}, "customer_id": "c"}


def read(redis: Redis, body: Any, event_id: str | None = "evt_1", secrets: tuple[str, ...] = ("new", "old")) -> Event:
    """The event of a body that is signed with the older secret."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Razorpay-Signature": signed("old", raw), **({"x-razorpay-event-id": event_id} if event_id else {})}
    return razorpay_at("http://127.0.0.1:1", redis).verify_webhook(raw, headers, secrets)


@pytest.mark.parametrize(
    ("body", "kind", "entity_id", "facts"),
    [
        (wire.event("payment.captured", payment=wire.payment()), EventKind.PAYMENT, "pay_1", [PaymentFact]),
        (
            wire.event("order.paid", payment=wire.payment(), order=wire.order(status="paid")),
            EventKind.ORDER,
            "order_1",
            [OrderFact, PaymentFact],
        ),
        (
            wire.event("refund.processed", refund=wire.refund(status="processed"), payment=wire.payment()),
            EventKind.REFUND,
            "rfnd_1",
            [RefundFact, PaymentFact],
        ),
        (
            wire.event("payment.dispute.created", payment=wire.payment(), dispute=DISPUTE),
            EventKind.DISPUTE,
            "disp_1",
            [DisputeFact, PaymentFact],
        ),
        (wire.event("settlement.processed", settlement=SETTLEMENT), EventKind.SETTLEMENT, "setl_1", [SettlementFact]),
        (wire.event("payment.downtime.started", payment__downtime=DOWNTIME), EventKind.DOWNTIME, "down_1", [DowntimeFact]),
        (wire.event("token.confirmed", token=TOKEN), EventKind.TOKEN, "token_1", [TokenFact]),
        (wire.event("order.notification.delivered", notification=NOTICE), EventKind.NOTICE, "notification_1", [NoticeFact]),
        # A payment that an event of another kind brings along is a fact all the same.
        (
            wire.event("payment_link.paid", payment_link={"id": "plink_1"}, payment=wire.payment(), order=wire.order()),
            EventKind.OTHER,
            "plink_1",
            [PaymentFact, OrderFact],
        ),
        (wire.event("subscription.charged", subscription={"id": "sub_1"}), EventKind.OTHER, "sub_1", []),
        (wire.event("moon.risen"), EventKind.OTHER, "", []),
    ],
)
def test_event_says_what_it_is_about_and_brings_its_facts(
    body: dict[str, Any], kind: EventKind, entity_id: str, facts: list[type], redis: Redis
) -> None:
    event = read(redis, body)

    assert (event.gateway, event.event_id, event.name, event.account_id) == ("razorpay", "evt_1", body["event"], "acc_1")
    assert (event.kind, event.entity_id, [type(one) for one in event.facts], event.unread) == (kind, entity_id, facts, ())
    assert event.created_at == AT
    assert event.content_key == ("razorpay", body["event"], entity_id, AT)


def test_fact_of_an_event_holds_from_the_moment_of_the_event(redis: Redis) -> None:
    (payment,) = read(redis, wire.event("payment.failed", payment=wire.failed("card_expired"))).facts
    refund, _ = read(redis, wire.event("refund.failed", refund=wire.refund(status="failed"), payment=wire.payment())).facts

    assert isinstance(payment, PaymentFact)
    assert (payment.status, payment.occurred_at, payment.decline and payment.decline.reason) == (
        PaymentStatus.FAILED,
        AT,
        "card_expired",
    )
    assert isinstance(refund, RefundFact)
    assert (refund.status, refund.receipt, refund.occurred_at) == (RefundStatus.FAILED, RECEIPT, AT)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("open", DisputeStatus.OPEN),
        ("under_review", DisputeStatus.UNDER_REVIEW),
        ("won", DisputeStatus.WON),
        ("lost", DisputeStatus.LOST),
        ("closed", DisputeStatus.CLOSED),
        ("something new", DisputeStatus.OPEN),
    ],
)
def test_dispute_tells_what_was_deducted_and_until_when_to_answer(said: str, status: DisputeStatus, redis: Redis) -> None:
    (dispute,) = read(redis, wire.event("payment.dispute.won", dispute={**DISPUTE, "status": said})).facts

    assert isinstance(dispute, DisputeFact)
    assert (dispute.status, dispute.payment_id, dispute.deducted_minor) == (status, "pay_1", 39_000)
    assert dispute.respond_by == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def test_downtime_that_is_resolved_has_ended(redis: Redis) -> None:
    (downtime,) = read(redis, wire.event("payment.downtime.resolved", payment__downtime={**DOWNTIME, "status": "resolved"})).facts

    assert downtime == DowntimeFact("razorpay", "down_1", "card", "VISA", "high", False, NOW, AT)


def test_notice_is_read_from_the_form_that_is_documented_and_from_an_order(redis: Redis) -> None:
    """The documented event has its time within the payload."""
    documented = wire.event("order.notification.failed", notification={**NOTICE, "status": "failed", "delivered_at": None})
    documented["payload"]["created_at"] = documented.pop("created_at")
    (notice,) = read(redis, documented).facts
    (order,) = read(redis, wire.event("order.notification.delivered", order=wire.order(notification=NOTICE))).facts

    later = NOW + timedelta(hours=1)
    assert notice == NoticeFact("razorpay", "notification_1", "order_1", "token_1", NoticeStatus.FAILED, later, None)
    assert isinstance(order, OrderFact)
    assert order.notice == NoticeFact("razorpay", "notification_1", "order_1", "token_1", NoticeStatus.DELIVERED, later, NOW)


@pytest.mark.parametrize("notes", [{"a": 1}, [], "text", None])
def test_notes_may_have_any_form(notes: Any, redis: Redis) -> None:
    event = read(redis, wire.event("payment.captured", payment=wire.payment(notes=notes)))

    assert [type(one) for one in event.facts] == [PaymentFact]


def test_entity_that_cannot_be_read_is_named_and_the_others_are_read(redis: Redis) -> None:
    body = wire.event("refund.processed", refund=wire.refund(amount=1.5), payment=wire.payment())
    event = read(redis, body)

    assert (event.kind, event.entity_id, event.unread) == (EventKind.REFUND, "rfnd_1", ("refund",))
    assert [type(one) for one in event.facts] == [PaymentFact]


def test_event_without_an_id_of_its_own_is_named_by_what_happened(redis: Redis) -> None:
    event = read(redis, wire.event("payment.captured", payment=wire.payment()), event_id=None)

    assert event.event_id == f"payment.captured:pay_1:{wire.AT + 6}"


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"null", b'{"event": "payment.captured"}', b'{"created_at": 1}', b"\xff", b"[" * 9000]
)
def test_body_that_is_signed_and_no_event_is_unreadable(raw: bytes, redis: Redis) -> None:
    with pytest.raises(UnreadableWebhook) as refused:
        read(redis, raw)

    assert refused.value.status == 422


def test_nothing_is_read_of_a_body_that_nobody_has_signed(redis: Redis) -> None:
    with pytest.raises(ForgedWebhook):
        read(redis, b"{", secrets=("new",))
