"""Stripe's objects within one transaction, and its events."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from deploy.sandbox.gateways.books import GatewayBooks, shown
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.gateways.webhooks import Event
from deploy.sandbox.objects import Document
from deploy.sandbox.stripe.account import StripeAccount
from deploy.sandbox.stripe.answers import Refused, missing
from deploy.sandbox.stripe.forms import MAX_LIMIT, integer_of, text_of, times_of

NAME = "stripe"
Told = tuple[str, Document]
"""An event and the object that it is about."""

_NAMES = ("id", "payment_intent", "charge", "customer", "payment_method")


@dataclass(frozen=True, slots=True)
class Books(GatewayBooks[StripeAccount]):
    """One transaction. asked_by: the ids of the request that it serves, its own and its idempotency key; events name them."""

    asked_by: tuple[str | None, str | None] = (None, None)

    name: ClassVar[str] = NAME
    created: ClassVar[str] = "created"

    def get(self, kind: str, object_id: Any, param: str = "id", *, status: int = 404) -> Document:
        """One object. Raises Refused where there is none."""
        found = self.objects.get(kind, object_id) if isinstance(object_id, str) else None
        if found is None:
            raise missing(kind, object_id, param, status=status)
        return found

    def announce(self, *told: Told) -> None:
        """Tell of what happened, and keep the events for /v1/events."""
        for name, document in told:
            kept = self._event(name, document)
            self.objects.add("event", kept, created=self.now, keys={"type": name})
            if self.webhooks.wants(name):
                self.told.append(Event(name, json.dumps(kept), tuple(self.named(document))))

    def _event(self, name: str, document: Document) -> Document:
        return {
            "id": new_id("evt_", 24),
            "object": "event",
            "api_version": self.account.api_version,
            "created": self.now,
            "data": {"object": shown(document)},
            "livemode": False,
            "pending_webhooks": int(self.webhooks.wants(name)),
            "request": dict(zip(("id", "idempotency_key"), self.asked_by, strict=True)),
            "type": name,
        }

    def event(self, name: str, entities: dict[str, Document]) -> Event:
        """An event that somebody made up, around one object."""
        document = next(iter(entities.values()))
        return Event(name, json.dumps(self._event(name, document)), tuple(self.named(document)))

    def page(self, kind: str, query: Document, path: str, keys: dict[str, str] | None = None) -> Document:
        """A list as Stripe pages them. keys: parameters that narrow it, and what the objects are found by.

        Payouts arrive when they are made, so that `arrival_date` narrows them as `created` does.
        """
        narrowed = {key: value for name, key in (keys or {}).items() if (value := text_of(query, name)) is not None}
        limit = integer_of(query, "limit")
        limit = 10 if limit is None else limit
        if not 1 <= limit <= MAX_LIMIT:
            raise Refused(f"This value must be between 1 and {MAX_LIMIT}.", code="parameter_invalid_integer", param="limit")
        since, until = times_of(query, "arrival_date" if "arrival_date" in query else "created")
        key = next(iter(narrowed.items()), None)
        found = self.objects.find(kind, key, since=since, until=until)
        rest = dict(list(narrowed.items())[1:])
        wanted = (one for one in found if all(one.get(name) == value for name, value in rest.items()))
        page = list(islice(_from(wanted, text_of(query, "starting_after")), limit + 1))
        items = [shown(one) for one in page[:limit]]
        return {"object": "list", "url": path, "has_more": len(page) > limit, "data": items}

    @staticmethod
    def named(document: Document) -> Sequence[str]:
        """Its id, the intent, the charge, the customer, the payment method, and every value of the metadata."""
        words = [word for name in _NAMES if isinstance(word := document.get(name), str)]
        return [*words, *document.get("metadata", {}).values()]


def _from(found: Iterator[Document], after: str | None) -> Iterator[Document]:
    if after is not None:
        for one in found:
            if one["id"] == after:
                break
    yield from found
