"""Stripe's events (docs.stripe.com/api/events/types): `{id, type, created, account, data: {object: {…}}}`.

Kinds that we do not know are let through as `other`, and objects that cannot be read are named.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from services.payments.gateways.documents import Document, Malformed
from services.payments.gateways.errors import UnreadableWebhook
from services.payments.gateways.events import Event, EventKind
from services.payments.gateways.facts import Fact
from services.payments.gateways.signatures import check_stripe
from services.payments.gateways.stripe_facts import (
    STRIPE,
    dispute_fact,
    payment_fact,
    payment_of_charge,
    refund_fact,
    settlement_fact,
    token_fact,
)

_KINDS: Final[Sequence[tuple[str, EventKind]]] = (
    ("payment_intent.", EventKind.PAYMENT),
    ("charge.dispute.", EventKind.DISPUTE),
    ("charge.refund", EventKind.REFUND),
    ("charge.", EventKind.PAYMENT),
    ("refund.", EventKind.REFUND),
    ("payout.", EventKind.SETTLEMENT),
    ("payment_method.", EventKind.TOKEN),
)
"""By the beginning of an event's type."""


def stripe_event(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> Event:
    """Raises ForgedWebhook and UnreadableWebhook."""
    check_stripe(raw, headers, secrets, now)
    try:
        return _event(Document.parse(raw), now)
    except Malformed as error:
        raise UnreadableWebhook(f"it is signed, and {error} is not there or not of its documented form") from None


def stored_stripe_event(raw: bytes, now: datetime) -> Event:
    """What a call-back says that was verified when it came. Raises UnreadableWebhook."""
    try:
        return _event(Document.parse(raw), now)
    except Malformed as error:
        raise UnreadableWebhook(f"it was signed, and {error} is not there or not of its documented form") from None


def _event(event: Document, now: datetime) -> Event:
    name, about, at = event.text("type"), event.child("data").child("object"), event.moment("created")
    facts: tuple[Fact, ...] = ()
    unread: tuple[str, ...] = ()
    try:
        facts = _facts(about, at, now)
    except Malformed:
        unread = (about.text_or_none("object") or "object",)
    return Event(
        gateway=STRIPE,
        event_id=event.text("id"),
        name=name,
        kind=next((kind for begin, kind in _KINDS if name.startswith(begin)), EventKind.OTHER),
        entity_id=about.text_or_none("id") or "",
        created_at=at,
        facts=facts,
        unread=unread,
        account_id=event.text_or_none("account"),
    )


def _facts(about: Document, at: datetime, now: datetime) -> tuple[Fact, ...]:
    match about.text_or_none("object"):
        case "payment_intent":
            return (payment_fact(about, at),)
        case "charge":
            # An event about a refund shows the charge; older versions of the API show its refunds with it.
            refunds = about.child("refunds").items_or_none("data")
            return (*(refund_fact(one) for one in refunds), payment_of_charge(about, at))
        case "refund":
            return (refund_fact(about, at),)
        case "dispute":
            return (dispute_fact(about, at),)
        case "payout":
            return (settlement_fact(about),)
        case "payment_method":
            return (token_fact(about, now),)
        case _:
            return ()
