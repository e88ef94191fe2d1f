"""Razorpay's call-backs as events (razorpay.com/docs/webhooks).

Envelope: `{entity: "event", account_id, event, contains[], payload: {payment: {entity: {…}}, …}, created_at}`. The payload is a
snapshot of the moment at which the event happened. Kinds that we do not know are let through as `other`, and entities that
cannot be read are named: an answer that is no 2xx would be repeated for a day, and then switch off the webhook.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from services.payments.gateways.documents import Document, Malformed
from services.payments.gateways.errors import UnreadableWebhook
from services.payments.gateways.events import Event, EventKind
from services.payments.gateways.facts import Fact
from services.payments.gateways.razorpay_facts import (
    RAZORPAY,
    dispute_fact,
    downtime_fact,
    notice_fact,
    order_fact,
    payment_fact,
    refund_fact,
    settlement_fact,
    token_fact,
)
from services.payments.gateways.signatures import check_razorpay, header

_KINDS: Final[Sequence[tuple[str, EventKind, str]]] = (
    ("payment.dispute.", EventKind.DISPUTE, "dispute"),
    ("payment.downtime.", EventKind.DOWNTIME, "payment.downtime"),
    ("payment.", EventKind.PAYMENT, "payment"),
    ("order.notification.", EventKind.NOTICE, "notification"),
    ("order.", EventKind.ORDER, "order"),
    ("refund.", EventKind.REFUND, "refund"),
    ("settlement.", EventKind.SETTLEMENT, "settlement"),
    ("token.", EventKind.TOKEN, "token"),
)
"""By the beginning of an event's name: its kind, and the entity that it is about."""
_OTHERS: Final = ("payment_link", "invoice", "subscription", "order", "refund", "payment")
"""Where an id is looked for where there is none of what an event is about; a payment that they carry is a fact all the same."""


def razorpay_event(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Event:
    """Raises ForgedWebhook and UnreadableWebhook."""
    check_razorpay(raw, headers, secrets)
    try:
        return _event(Document.parse(raw), header(headers, "x-razorpay-event-id"), now)
    except Malformed as error:
        raise UnreadableWebhook(f"it is signed, and {error} is not there or not of its documented form") from None


def stored_razorpay_event(raw: bytes, event_id: str, now: datetime) -> Event:
    """What a call-back says that was verified when it came. Raises UnreadableWebhook."""
    try:
        return _event(Document.parse(raw), event_id, now)
    except Malformed as error:
        raise UnreadableWebhook(f"it was signed, and {error} is not there or not of its documented form") from None


def _event(envelope: Document, event_id: str, now: datetime) -> Event:
    name, payload = envelope.text("event"), envelope.child("payload")
    # The documented events about notices have it one level too deep.
    at = payload.moment_or_none("created_at") or envelope.moment("created_at")
    kind, about = next(((kind, about) for begin, kind, about in _KINDS if name.startswith(begin)), (EventKind.OTHER, ""))
    facts, unread = _facts(payload, about, at, now)
    entity_id = next((found for one in (about, *_OTHERS) if (found := _entity(payload, one).text_or_none("id"))), "")
    return Event(
        gateway=RAZORPAY,
        # The header is not signed; without it, what happened is its own name.
        event_id=event_id[:100] or f"{name}:{entity_id}:{int(at.timestamp())}",
        name=name,
        kind=kind,
        entity_id=entity_id,
        created_at=at,
        facts=facts,
        unread=unread,
        account_id=envelope.text_or_none("account_id"),
    )


def _facts(payload: Document, about: str, at: datetime, now: datetime) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Those that can be read, what the event is about in front, and the names of those that cannot."""
    facts, unread = [], []
    names = ("payment", "order", "notification", "refund", "dispute", "settlement", "token", "payment.downtime")
    for name in sorted(names, key=lambda one: one != about):
        entity = _entity(payload, name)
        try:
            facts += [_fact(name, entity, at, now)] if entity else []
        except Malformed:
            unread.append(name)
    return tuple(facts), tuple(unread)


def _fact(name: str, entity: Document, at: datetime, now: datetime) -> Fact:
    match name:
        case "payment":
            return payment_fact(entity, at)
        case "order":
            return order_fact(entity)
        case "notification":
            return notice_fact(entity)
        case "refund":
            return refund_fact(entity, at)
        case "dispute":
            return dispute_fact(entity, at)
        case "settlement":
            return settlement_fact(entity)
        case "token":
            return token_fact(entity, None, now)
        case _:
            return downtime_fact(entity, at)


def _entity(payload: Document, name: str) -> Document:
    return payload.child(name).child("entity")
