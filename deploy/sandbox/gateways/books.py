"""What a request may read and change: a gateway's objects within one transaction, at one moment, with the events that follow."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.gateways.account import GatewayAccount
from deploy.sandbox.gateways.movements import Move, movement
from deploy.sandbox.gateways.operation import lowered
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.gateways.webhooks import Event, Webhooks
from deploy.sandbox.objects import Document, Objects
from deploy.sandbox.transaction import Transaction

A = TypeVar("A", bound=GatewayAccount)


def shown(document: Document) -> Document:
    """An entity as the API shows it, without what the stand-in notes beside it."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


class Refusal(Exception):
    """What is asked cannot be had. Raised before anything is written, since others share the transaction.

    status: of HTTP. body: the error as the gateway says it.
    """

    def __init__(self, status: int, body: Document) -> None:
        super().__init__(body)
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class GatewayBooks(ABC, Generic[A]):
    """One transaction. now: seconds since the epoch by the gateway's clock. told: the events that are to go out.

    name: of the gateway. created: what it calls the time at which an object came to be.
    """

    transaction: Transaction
    account: A
    board: FaultBoard[Any]
    webhooks: Webhooks
    now: int
    told: list[Event] = field(default_factory=list)

    name: ClassVar[str]
    created: ClassVar[str]

    @property
    def objects(self) -> Objects:
        """What the gateway keeps."""
        return self.transaction.objects(self.name)

    def add(self, kind: str, document: Document, **keys: str | None) -> Document:
        """Keep a new object, found by these keys."""
        self.objects.add(kind, document, created=document[self.created], keys=keys)
        return document

    def put(self, kind: str, document: Document, **keys: str) -> None:
        """Keep a changed object."""
        self.objects.put(kind, document, keys)

    def find(self, kind: str, **key: str) -> list[Document]:
        """The objects with this key, oldest first."""
        return list(self.objects.find(kind, *key.items(), old_first=True))

    def newest(self, kind: str, key: tuple[str, str] | None, span: "Span") -> list[Document]:
        """A part of the objects, newest first, as the API shows them."""
        found = self.objects.find(kind, key, since=span.since, until=span.until)
        return [shown(document) for document in islice(found, span.skip, span.skip + span.count)]

    def fate(self, document: Document, *actions: str) -> GatewayRule | None:
        """The rule that decides what becomes of an object, counted as a hit."""
        rule: GatewayRule | None = self.board.take(lowered(self.named(document)), lambda rule: rule.action in actions)
        return rule

    def do_later(self, seconds: float, what: str, object_id: str, **more: Any) -> None:
        """Have something happen after so many seconds, also after a restart."""
        payload = {"what": what, "id": object_id, "more": more}
        self.transaction.defer(self.name, time.time() + seconds, payload)

    def move(self, move: Move, of: Document, amount: int, reference: str | None, notes: Any) -> None:
        """Put on record that money has moved."""
        document, keys = movement(move, of, amount=amount, at=self.now, reference=reference, notes=notes)
        self.objects.add("movement", document, created=self.now, keys=keys)

    def tell(self, *events: tuple[str, dict[str, Document]]) -> None:
        """Tell of what has happened, each event with its entities as they are now."""
        self.told.extend(self.event(name, entities) for name, entities in events if self.webhooks.wants(name))

    def close(self) -> None:
        """Send the events of the whole change."""
        self.webhooks.tell(self.transaction, self.told)

    @abstractmethod
    def event(self, name: str, entities: dict[str, Document]) -> Event:
        """An event as the gateway words it."""

    @staticmethod
    @abstractmethod
    def named(document: Document) -> Sequence[str]:
        """By what a fault rule may mean an object."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list is asked for. Times are inclusive."""

    count: int
    skip: int = 0
    since: int | None = None
    until: int | None = None
