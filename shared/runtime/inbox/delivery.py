"""What arrives: one delivery from a lane, holding one message or a batch of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.contracts.lanes import SERVICES
from shared.contracts.message import MAX_BODY_BYTES, Message
from shared.runtime.clock import system_clock
from shared.runtime.context import Trace, new_trace
from shared.runtime.ids import message_uuid
from shared.runtime.inbox.payload_problems import problems_of

M = TypeVar("M", bound=Message)
YEARS: Final = range(1970, 3000)
"""When a message may claim to have occurred. Further out, another time zone has no such moment."""


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """A message as a handler gets it.

    attempt: 1 at the first, counted from what the database knows. source: the producing service, None for a
    plain Celery client. occurred_at: when the producer committed, aware, in UTC.
    """

    id: UUID
    message: M
    attempt: int
    occurred_at: datetime
    source: str | None
    lane: str
    trace: Trace


@dataclass(slots=True)
class Item:
    """One message before it is validated. `body` is its fields. ready_at: since when it could have been carried out."""

    id: UUID
    body: Any
    source: str | None
    occurred_at: datetime
    trace: Trace
    ready_at: datetime
    message: Message | None = None
    problem: str | None = None
    """Why the body does not validate, without its values."""

    def text(self) -> str:
        """The body as the JSON that the tables keep."""
        try:
            return orjson.dumps(self.body, default=str).decode()
        except TypeError:
            # Integers beyond 64 bits and lone surrogates, which Python's own JSON carries, and NaN, which is none.
            plain = json.loads(json.dumps(self.body, default=str), parse_constant=lambda _: None)
            return json.dumps(plain)

    def received(self, lane: str, attempt: int) -> Received[Any]:
        """The item as its handler gets it; it must have validated."""
        assert self.message is not None, "only items that validated are handed to a handler"
        return Received(self.id, self.message, attempt, self.occurred_at, self.source, lane, self.trace)


@dataclass(slots=True)
class Delivery:
    """Everything that one broker message brought. Items are in the order of their ids, without repetitions.

    isolate: run each item alone with its attempt committed first, because an earlier copy may have killed its process.
    """

    name: str
    lane: str
    items: list[Item]
    isolate: bool = False


def parse(
    message_type: type[Message],
    lane: str,
    task_id: str,
    kwargs: Mapping[str, Any],
    meta: Mapping[str, Any] | None,
    *,
    redelivered: bool = False,
) -> Delivery:
    """Read a single or a batch; never raises for what is inside it.

    meta: the header `waybill`; None when a plain Celery client sent the message.
    """
    name = message_type.contract.name
    meta = meta if isinstance(meta, Mapping) else {}
    delivery = Delivery(name, lane, [], isolate=bool(meta.get("isolate")) or redelivered)
    unique = {item.id: item for item in items_of(task_id, kwargs, meta)}
    delivery.items = [unique[key] for key in sorted(unique)]
    for item in delivery.items:
        _validate(message_type, item)
        if item.problem is None and (size := len(item.text().encode())) > MAX_BODY_BYTES:
            # A producer's outbox refuses it; a plain Celery client has none.
            item.message = None
            item.problem = f"payload: it has {size} bytes, at most {MAX_BODY_BYTES} travel; send an id instead"
    return delivery


def items_of(task_id: str, kwargs: Mapping[str, Any], meta: Mapping[str, Any] | None) -> list[Item]:
    """The messages of a single or a batch, not yet validated. An entry of a batch that is none gets an id of its own."""
    meta = meta if isinstance(meta, Mapping) else {}
    batch = kwargs.get("batch")
    if not meta.get("batch") and (set(kwargs) != {"batch"} or not isinstance(batch, list)):
        return [_item(task_id, kwargs, meta)]
    items = []
    for index, entry in enumerate(batch if isinstance(batch, list) else [batch]):
        is_item = isinstance(entry, Mapping) and isinstance(entry.get("id"), str)
        items.append(_item(entry["id"], entry.get("body"), entry) if is_item else _item(f"{task_id}/{index}", entry, {}))
    return items


def _item(task_id: str, body: Any, meta: Mapping[str, Any]) -> Item:
    source, occurred_at = meta.get("source"), _time(meta.get("occurred_at"))
    return Item(
        id=message_uuid(task_id),
        body=body,
        source=source if source in SERVICES else None,
        occurred_at=occurred_at,
        trace=new_trace(_text(meta.get("correlation_id")), _text(meta.get("traceparent"))),
        ready_at=_time(meta["due_at"]) if meta.get("due_at") else occurred_at,
    )


def _time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return system_clock()
    if moment.year not in YEARS:
        return system_clock()
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _validate(message_type: type[Message], item: Item) -> None:
    try:
        item.message = message_type.model_validate(item.body)
    except ValidationError as error:
        item.problem = explain(error)


def explain(error: ValidationError) -> str:
    """Each wrong field and what is wrong with it, without the values, which may be personal."""
    text = "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'payload'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in problems_of(error)
    )
    # A stranger's keys may hold what PostgreSQL's text does not.
    return text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode()
