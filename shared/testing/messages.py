"""What was published, and handing a message to its handler as a worker would. Both go through JSON.

await assert_published(session, SendEmail, to_email="a@example.com")
handled = await run_task(EvaluateShipment(shipment_id=...))
assert handled.outcome == "done"
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import text

from shared.contracts.lanes import Lane
from shared.contracts.message import Message
from shared.runtime import outbox, wire
from shared.runtime.context import new_trace
from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.consume import consume
from shared.runtime.inbox.delivery import parse
from shared.runtime.inbox.handlers import Handler
from shared.runtime.process import ProcessRuntime

M = TypeVar("M", bound=Message)
HandlerSource = Callable[[type[Message]], Handler]
"""Finds the handler of a message type."""

_ROWS: Final = text("SELECT coalesce(event_id, id) AS key, name, lane, body::text AS body, due_at FROM outbox ORDER BY id")
_HANDLED: Final = text(
    "SELECT id, state, attempt, error_class, error, result::text AS result FROM inbox WHERE id = ANY(CAST(:ids AS uuid[]))"
)
_STATES: Final = ("done", "leased", "retry", "queued", "parked", "dropped", "dead", "cancelled")


@dataclass(frozen=True, slots=True)
class Published:
    """One message in the outbox, an event once with all its lanes. body: its JSON text.

    due_at: None while the unit of work has still to insert it, unless a time was asked for.
    """

    id: UUID
    name: str
    lanes: tuple[str, ...]
    body: str
    due_at: datetime | None


async def outbox_of(where: ReadSession | Database) -> list[Published]:
    """Everything published and not yet confirmed, in order.

    where: the test's session, which also knows what it has not inserted yet, or a Database.
    """
    if isinstance(where, Database):
        async with where.read() as session:
            return await outbox_of(session)
    rows = [(row.key, row.name, row.lane, row.body, row.due_at) for row in await where.execute(_ROWS)]
    if isinstance(where, Session):
        rows += [(row.event_id or row.id, row.name, row.lane, row.body, row.due_at) for row in outbox.pending(where)]
    found: dict[UUID, Published] = {}
    for key, name, lane, body, due_at in rows:
        lanes = (*found[key].lanes, lane) if key in found else (lane,)
        found[key] = Published(key, name, lanes, body, due_at)
    return list(found.values())


async def published(where: ReadSession | Database, message_type: type[M]) -> list[M]:
    """The published messages of one type, in order."""
    name = message_type.contract.name
    return [message_type.model_validate_json(one.body) for one in await outbox_of(where) if one.name == name]


async def assert_published(where: ReadSession | Database, message_type: type[M], **fields: Any) -> M:
    """Assert that exactly one message of the type has these field values, and return it."""
    if unknown := sorted(set(fields) - set(message_type.model_fields)):
        raise AssertionError(f"{message_type.__name__} has no field {', '.join(unknown)}")
    sent = await published(where, message_type)
    matching = [message for message in sent if all(getattr(message, name) == value for name, value in fields.items())]
    if len(matching) != 1:
        seen = "".join(f"\n    {message!r}" for message in sent) or " nothing of that type"
        raise AssertionError(f"expected one {message_type.__name__} with {fields}, found {len(matching)}; published:{seen}")
    return matching[0]


async def assert_nothing_published(where: ReadSession | Database, *message_types: type[Message]) -> None:
    """Assert that no message, or none of the given types, was published."""
    names = {message_type.contract.name for message_type in message_types}
    sent = [f"\n    {one.name} {one.body}" for one in await outbox_of(where) if not names or one.name in names]
    if sent:
        raise AssertionError(f"expected nothing to be published, found:{''.join(sent)}")


@dataclass(frozen=True, slots=True)
class Handled:
    """What the inbox says of a message after its delivery.

    outcome: done, dropped, retry, dead (retries used up, final, or not valid), or what else its row's state is.
    result: what a contract that answers has answered. carried_out: False when this delivery found it done before, or in
    other hands.
    """

    id: UUID
    outcome: str
    attempt: int
    result: Any
    error_class: str | None
    error: str | None
    carried_out: bool


class TaskRunner:
    """Runs handlers in this process, on the test's database and broker. Call it with a message; see `run`."""

    def __init__(self, runtime: ProcessRuntime, handlers: HandlerSource) -> None:
        self._runtime = runtime
        self._handlers = handlers

    async def __call__(self, message: Message, **delivery: Any) -> Handled:
        """Deliver one message; takes what `run` takes."""
        return (await self.run([message], **delivery))[0]

    async def run(
        self,
        batch: Sequence[Message],
        *,
        ids: Sequence[UUID] | None = None,
        source: str | None = None,
        lane: Lane | None = None,
        occurred_at: datetime | None = None,
        redelivered: bool = False,
        handler: Handler | None = None,
    ) -> list[Handled]:
        """Deliver messages of one type together, and return what became of each, in their order.

        ids: their message ids, to deliver the same ones twice. source: the producing service, which gets a receipt.
        redelivered: as after a worker's death, each in isolation. handler: for one that no worker knows.
        """
        contract = batch[0].contract
        where = lane or next(one for one in contract.lanes if one.owner == self._runtime.settings.service)
        keys = list(ids) if ids is not None else [uuid7() for _ in batch]
        moment = occurred_at or datetime.now(UTC)
        parcels = [self._parcel(message, key, where, source, moment) for message, key in zip(batch, keys, strict=True)]
        outcomes: dict[str, str] = {}
        for lane_name, envelope, _ in wire.envelopes(parcels, {contract.name: contract.max_batch}):
            outcomes |= await self._deliver(type(batch[0]), handler, lane_name, envelope, redelivered=redelivered)
        return await self._read(keys, outcomes)

    def _parcel(self, message: Message, key: UUID, lane: Lane, source: str | None, occurred_at: datetime) -> wire.Parcel:
        trace = new_trace()
        return wire.Parcel(
            id=key,
            name=message.contract.name,
            lane=lane.name,
            source=source,
            occurred_at=occurred_at,
            attempt=1,
            correlation_id=trace.correlation_id,
            traceparent=trace.traceparent,
            body=message.model_dump_json(),
        )

    async def _deliver(
        self, message_type: type[Message], handler: Handler | None, lane: str, envelope: bytes, *, redelivered: bool
    ) -> dict[str, str]:
        arrived = orjson.loads(envelope)
        headers = arrived["headers"]
        _, kwargs, _ = orjson.loads(arrived["body"])
        delivery = parse(message_type, lane, headers["id"], kwargs, headers[wire.HEADER], redelivered=redelivered)
        summary = await consume(self._runtime, handler or self._handlers(message_type), delivery)
        return {str(message_id): outcome for message_id, outcome in summary.outcomes.items()}

    async def _read(self, keys: Sequence[UUID], outcomes: dict[str, str]) -> list[Handled]:
        async with self._runtime.database.read() as session:
            rows = {row.id: row for row in await session.execute(_HANDLED, {"ids": list(keys)})}
        return [
            Handled(
                id=key,
                outcome=_STATES[rows[key].state],
                attempt=rows[key].attempt,
                result=None if rows[key].result is None else orjson.loads(rows[key].result),
                error_class=rows[key].error_class,
                error=rows[key].error,
                carried_out=str(key) in outcomes,
            )
            for key in keys
        ]
