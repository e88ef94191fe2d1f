"""What a request may read and change: Razorpay's objects within one transaction, at one moment, with the events that follow."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.sandbox.entries import Timer
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.gateways.operation import lowered
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.gateways.webhooks import Event, Webhooks
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.account import RazorpayAccount
from deploy.sandbox.razorpay.answers import not_found
from deploy.sandbox.transaction import Transaction

NAME = "razorpay"
Told = tuple[str, dict[str, Document]]
"""An event and the entities of its payload by their names."""


def shown(document: Document) -> Document:
    """An entity as the API shows it, without what the stand-in notes beside it."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


@dataclass(frozen=True, slots=True)
class Books:
    """One transaction. now: seconds since the epoch by the gateway's clock."""

    transaction: Transaction
    account: RazorpayAccount
    board: FaultBoard[GatewayRule]
    webhooks: Webhooks
    now: int
    later: Callable[[Transaction, float, dict[str, Any]], None]

    def get(self, kind: str, object_id: Any) -> Document:
        """One object. Raises Refusal where there is none."""
        found = self.transaction.objects(NAME).get(kind, object_id) if isinstance(object_id, str) else None
        if found is None:
            raise not_found()
        return found

    def add(self, kind: str, document: Document, **keys: str | None) -> Document:
        """Keep a new object, found by these keys."""
        self.transaction.objects(NAME).add(kind, document, created=document["created_at"], keys=keys)
        return document

    def put(self, kind: str, document: Document, **keys: str) -> None:
        """Keep a changed object."""
        self.transaction.objects(NAME).put(kind, document, keys)

    def find(self, kind: str, **key: str) -> list[Document]:
        """The objects with this key, oldest first."""
        return list(self.transaction.objects(NAME).find(kind, *key.items(), old_first=True))

    def fate(self, document: Document, *actions: str) -> GatewayRule | None:
        """The rule that decides what becomes of an object, counted as a hit."""
        return self.board.take(lowered(named(document)), lambda rule: rule.action in actions)

    def do_later(self, seconds: float, what: str, object_id: str, **more: Any) -> None:
        """Have something happen after so many seconds, also after a restart."""
        self.later(self.transaction, seconds, {"what": what, "id": object_id, **more})

    def tell(self, *events: Told) -> None:
        """Send the events of one change, each with its entities as they are now."""
        self.webhooks.tell(self.transaction, [event_of(self.account, name, entities, self.now) for name, entities in events])


def event_of(account: RazorpayAccount, name: str, entities: dict[str, Document], at: int) -> Event:
    """An event in its envelope. The payload is a snapshot: what happens until it is delivered is not in it."""
    envelope = {
        "entity": "event",
        "account_id": account.account_id,
        "event": name,
        "contains": list(entities),
        "payload": {kind: {"entity": shown(entity)} for kind, entity in entities.items()},
        "created_at": at,
    }
    told = tuple(word for entity in entities.values() for word in named(entity))
    return Event(name, json.dumps(envelope, separators=(",", ":")), told, (("x-razorpay-event-id", new_id("", 14)),))


def named(document: Document) -> Sequence[str]:
    """By what a fault rule may mean an object: its id, the receipt, the order, the payment, the token, the customer."""
    words = (document.get(name) for name in ("id", "receipt", "_receipt", "order_id", "payment_id", "token_id", "customer_id"))
    return [word for word in words if isinstance(word, str)]


def timer_of(timer: Timer) -> tuple[str, str, dict[str, Any]]:
    """What is to happen, to which object, and how."""
    payload = dict(timer.payload)
    return payload.pop("what"), payload.pop("id"), payload
