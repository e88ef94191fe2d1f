"""Stripe's events: all kinds that we act on, and those that we do not."""

import json
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from services.payments.gateways.errors import ForgedWebhook, UnreadableWebhook
from services.payments.gateways.events import Event, EventKind
from services.payments.gateways.facts import (
    DisputeFact,
    DisputeStatus,
    PaymentFact,
    PaymentStatus,
    RefundFact,
    SettlementFact,
    TokenFact,
)
from services.payments.tests.gateways import stripe_wire as wire
from services.payments.tests.gateways.arrange import NOW, RECEIPT, stripe_at
from services.payments.tests.gateways.test_signatures import signed

AT = NOW + timedelta(seconds=6)
DISPUTE = {
    "id": "dp_1",
    "object": "dispute",
    "amount": 39_000,
    "currency": "inr",
    "payment_intent": "pi_1",
    "charge": "ch_1",
    "status": "needs_response",
    "reason": "fraudulent",
    "balance_transactions": [wire.transaction(net=-40_500)],
    "evidence_details": {"due_by": wire.AT + 86_400},
    "created": wire.AT,
}
METHOD = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": "cus_1", "card": {"brand": "visa"}}


def read(redis: Redis, body: Any, secrets: tuple[str, ...] = ("whsec",)) -> Event:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int(NOW.timestamp())
    headers = {"stripe-signature": f"t={stamp},v1={signed('whsec', f'{stamp}.'.encode() + raw)}"}
    return stripe_at("http://127.0.0.1:1", redis).verify_webhook(raw, headers, secrets)


@pytest.mark.parametrize(
    ("name", "about", "kind", "entity_id", "facts"),
    [
        ("payment_intent.succeeded", wire.intent(), EventKind.PAYMENT, "pi_1", [PaymentFact]),
        ("payment_intent.payment_failed", wire.intent(status="canceled"), EventKind.PAYMENT, "pi_1", [PaymentFact]),
        (
            "charge.refunded",
            wire.charge(refunds={"data": [wire.refund()]}),
            EventKind.REFUND,
            "ch_1",
            [RefundFact, PaymentFact],
        ),
        ("charge.refund.updated", wire.refund(), EventKind.REFUND, "re_1", [RefundFact]),
        ("refund.failed", wire.refund(status="failed"), EventKind.REFUND, "re_1", [RefundFact]),
        ("charge.dispute.created", DISPUTE, EventKind.DISPUTE, "dp_1", [DisputeFact]),
        ("charge.captured", wire.charge(), EventKind.PAYMENT, "ch_1", [PaymentFact]),
        ("payout.paid", wire.payout(), EventKind.SETTLEMENT, "po_1", [SettlementFact]),
        ("payment_method.automatically_updated", METHOD, EventKind.TOKEN, "pm_1", [TokenFact]),
        ("customer.created", {"id": "cus_1", "object": "customer"}, EventKind.OTHER, "cus_1", []),
        ("balance.available", {"object": "balance"}, EventKind.OTHER, "", []),
    ],
)
def test_event_says_what_it_is_about_and_brings_its_facts(
    name: str, about: dict[str, Any], kind: EventKind, entity_id: str, facts: list[type], redis: Redis
) -> None:
    event = read(redis, wire.event(name, about))

    assert (event.gateway, event.event_id, event.name, event.created_at) == ("stripe", "evt_1", name, AT)
    assert (event.kind, event.entity_id, [type(one) for one in event.facts], event.unread) == (kind, entity_id, facts, ())


@pytest.mark.parametrize(
    ("changed", "status", "captured_minor", "refunded_minor"),
    [
        ({}, PaymentStatus.CAPTURED, 150_000, 0),
        ({"amount_refunded": 50_000}, PaymentStatus.CAPTURED, 150_000, 50_000),
        ({"amount_refunded": 150_000, "refunded": True}, PaymentStatus.REFUNDED, 150_000, 150_000),
        ({"captured": False, "amount_captured": 0}, PaymentStatus.AUTHORIZED, 0, 0),
        ({"amount_captured": 100_000, "amount_refunded": 60_000}, PaymentStatus.CAPTURED, 100_000, 10_000),
        # An authorization that is given up shows as refunded, and nothing of it was ours.
        (
            {"captured": False, "amount_captured": 0, "amount_refunded": 150_000, "refunded": True},
            PaymentStatus.CANCELLED,
            0,
            0,
        ),
        ({"status": "failed", "captured": False, "amount_captured": 0}, PaymentStatus.FAILED, 0, 0),
    ],
)
def test_charge_shows_the_payment_that_it_belongs_to(
    changed: dict[str, Any], status: PaymentStatus, captured_minor: int, refunded_minor: int, redis: Redis
) -> None:
    (payment,) = read(redis, wire.event("charge.updated", wire.charge(**changed))).facts

    assert isinstance(payment, PaymentFact)
    assert (payment.payment_id, payment.receipt, payment.occurred_at) == ("pi_1", RECEIPT, AT)
    assert (payment.status, payment.captured_minor, payment.refunded_minor) == (status, captured_minor, refunded_minor)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("warning_needs_response", DisputeStatus.OPEN),
        ("needs_response", DisputeStatus.OPEN),
        ("under_review", DisputeStatus.UNDER_REVIEW),
        ("warning_under_review", DisputeStatus.UNDER_REVIEW),
        ("won", DisputeStatus.WON),
        ("lost", DisputeStatus.LOST),
        ("warning_closed", DisputeStatus.CLOSED),
        ("prevented", DisputeStatus.CLOSED),
        ("something_new", DisputeStatus.OPEN),
    ],
)
def test_dispute_tells_what_was_deducted_with_its_fee(said: str, status: DisputeStatus, redis: Redis) -> None:
    (dispute,) = read(redis, wire.event("charge.dispute.updated", {**DISPUTE, "status": said})).facts

    assert isinstance(dispute, DisputeFact)
    assert (dispute.status, dispute.payment_id, dispute.amount_minor, dispute.deducted_minor) == (
        status,
        "pi_1",
        39_000,
        40_500,
    )
    assert dispute.respond_by == NOW + timedelta(days=1)


@pytest.mark.parametrize("said", ["warning_closed", "prevented"])
def test_dispute_that_is_closed_with_its_money_back_is_won(said: str, redis: Redis) -> None:
    back = [wire.transaction(net=-40_500), wire.transaction(net=39_000)]

    (dispute,) = read(redis, wire.event("charge.dispute.closed", {**DISPUTE, "status": said, "balance_transactions": back})).facts

    assert isinstance(dispute, DisputeFact)
    assert dispute.status is DisputeStatus.WON


@pytest.mark.parametrize(
    ("moved", "deducted_minor"),
    [
        ([("inr", -850_000)], 10_000),
        ([("inr", -850_000), ("inr", 850_000)], 0),
        ([("inr", -850_000), ("usd", -1_500)], 1_500),
        ([], 0),
    ],
)
def test_what_a_dispute_took_in_another_currency_is_not_taken_for_its_own(
    moved: list[tuple[str, int]], deducted_minor: int, redis: Redis
) -> None:
    lines = [wire.transaction(currency=currency, net=net) for currency, net in moved]
    dollars = {**DISPUTE, "amount": 10_000, "currency": "usd", "balance_transactions": lines}

    (dispute,) = read(redis, wire.event("charge.dispute.updated", dollars)).facts

    assert isinstance(dispute, DisputeFact)
    assert (dispute.currency, dispute.amount_minor, dispute.deducted_minor) == ("USD", 10_000, deducted_minor)


def test_object_that_cannot_be_read_is_named(redis: Redis) -> None:
    for about, name in ((wire.intent(amount="1"), "payment_intent"), (wire.charge(payment_intent=None), "charge")):
        event = read(redis, wire.event("payment_intent.succeeded", about))
        assert (event.facts, event.unread, event.entity_id) == ((), (name,), about["id"])


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"id": "evt_1", "type": "x"}', b'{"id": "evt_1", "created": 1}'])
def test_body_that_is_signed_and_no_event_is_unreadable(raw: bytes, redis: Redis) -> None:
    with pytest.raises(UnreadableWebhook):
        read(redis, raw)


def test_nothing_is_read_of_a_body_that_nobody_has_signed(redis: Redis) -> None:
    with pytest.raises(ForgedWebhook):
        read(redis, b"{", secrets=("other",))
