"""Razorpay's objects within one transaction, and its events."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from deploy.sandbox.gateways.books import GatewayBooks, Span, shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.gateways.webhooks import Event
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.account import RazorpayAccount
from deploy.sandbox.razorpay.answers import Refused, collection
from deploy.sandbox.razorpay.checks import MAX_COUNT, known, number_of

NAME = "razorpay"
Told = tuple[str, dict[str, Document]]
"""An event and the entities of its payload by their names."""

_NAMES = ("id", "receipt", "_receipt", "order_id", "payment_id", "token_id", "customer_id")


class Books(GatewayBooks[RazorpayAccount]):
    """One transaction."""

    __slots__ = ()
    name: ClassVar[str] = NAME
    created: ClassVar[str] = "created_at"

    def get(self, kind: str, object_id: Any) -> Document:
        """One object. Raises Refused where there is none."""
        found = self.objects.get(kind, object_id) if isinstance(object_id, str) else None
        if found is None:
            raise Refused("The id provided does not exist")
        return found

    def page(self, kind: str, query: Document, key: tuple[str, str] | None = None) -> Document:
        """A list as Razorpay pages them."""
        known(query, {"from", "to", "count", "skip", "expand[]"})
        return collection(self.newest(kind, key, span_of(query)))

    def event(self, name: str, entities: dict[str, Document]) -> Event:
        """An event in its envelope. The payload is a snapshot: what happens until it is delivered is not in it."""
        envelope = {
            "entity": "event",
            "account_id": self.account.account_id,
            "event": name,
            "contains": list(entities),
            "payload": {kind: {"entity": shown(entity)} for kind, entity in entities.items()},
            "created_at": self.now,
        }
        told = tuple(word for entity in entities.values() for word in self.named(entity))
        return Event(name, json.dumps(envelope, separators=(",", ":")), told, (("x-razorpay-event-id", new_id("", 14)),))

    @staticmethod
    def named(document: Document) -> Sequence[str]:
        """Its id, the receipt, the order, the payment, the token, the customer."""
        return [word for name in _NAMES if isinstance(word := document.get(name), str)]


def span_of(query: Document) -> Span:
    """Which part of a list is asked for."""
    count, skip = number_of(query, "count", 10, most=MAX_COUNT, least=1), number_of(query, "skip", 0)
    return Span(count or 10, skip or 0, number_of(query, "from", None), number_of(query, "to", None))
