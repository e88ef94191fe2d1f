"""The outbox: promises to send, written by the transaction of the change that they follow from.

`publish` only remembers; the unit of work inserts all that it remembers in one statement right before its
commit, and forgets what belongs to a savepoint that was rolled back. Nothing else sends to the broker.

Where the unit of work ends with a statement of the runtime's own, both go in one (`execute_with_pending`): a statement of its own
costs a request about as much CPU as all that FastAPI does for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import Result, TextClause, event, text
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.orm import SessionTransaction

from shared.contracts.lanes import Lane
from shared.contracts.message import MAX_BODY_BYTES, Command, Message
from shared.runtime.context import current_trace
from shared.runtime.errors import Permanent
from shared.runtime.ids import uuid7

if TYPE_CHECKING:
    from shared.runtime.db import Session

_PENDING = "waybill_outbox"
_WRITTEN = "waybill_outbox_written"

_INSERT = """
    INSERT INTO outbox (id, event_id, lane, name, body, correlation_id, traceparent, due_at)
    SELECT id, event_id, lane, name, body::json, correlation_id, traceparent, coalesce(due_at, now())
      FROM unnest(CAST(:ids AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:lanes AS text[]), CAST(:names AS text[]),
                  CAST(:bodies AS text[]), CAST(:correlation_ids AS text[]), CAST(:traceparents AS text[]),
                  CAST(:due_ats AS timestamptz[]))
           AS row(id, event_id, lane, name, body, correlation_id, traceparent, due_at)
    ON CONFLICT (id) DO NOTHING
"""
_INSERT_ALONE = text(_INSERT)


class MessageTooLarge(Permanent):
    """A body over 64 KB. Larger things are fetched by id from their owner."""

    code, title = "message_too_large", "The message is too large"


@dataclass(frozen=True, slots=True)
class PendingRow:
    """One outbox row that the unit of work has still to insert."""

    id: UUID
    event_id: UUID | None
    lane: str
    name: str
    body: str
    correlation_id: str
    traceparent: str
    due_at: datetime | None
    transaction: SessionTransaction | None


class Publisher:
    """Publishes inside one unit of work. Services get it through their constructor."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def publish(
        self,
        message: Message,
        *,
        lane: Lane | None = None,
        lanes: Sequence[Lane] | None = None,
        due_at: datetime | None = None,
        message_id: UUID | None = None,
    ) -> UUID:
        """Send `message` when the unit of work commits; see the module function of the same name."""
        return publish(self._session, message, lane=lane, lanes=lanes, due_at=due_at, message_id=message_id)


def publish(
    session: "Session",
    message: Message,
    *,
    lane: Lane | None = None,
    lanes: Sequence[Lane] | None = None,
    due_at: datetime | None = None,
    message_id: UUID | None = None,
) -> UUID:
    """Remember to send `message`, and return its id (an event's rows get ids of their own; then the event's id).

    lane: for a command, which of its lanes; by default its first.
    lanes: for an event, which of its subscribers; by default all.
    due_at: not before this moment.
    message_id: a deterministic id, so that publishing twice is publishing once, for an event on each of its lanes.
    Raises MessageTooLarge, and ValueError for a lane that the contract does not have or a time without a zone.
    """
    contract = message.contract
    targets = (
        (lane or contract.lanes[0],) if isinstance(message, Command) else tuple(lanes if lanes is not None else contract.lanes)
    )
    for target in targets:
        if target not in contract.lanes:
            raise ValueError(f"{contract.name} does not travel on {target}; its lanes are {', '.join(map(str, contract.lanes))}")
    if due_at is not None and due_at.tzinfo is None:
        raise ValueError(f"{contract.name}: due_at is {due_at} without a time zone; give it one, such as tzinfo=UTC")
    body = message.model_dump_json()
    if len(body.encode()) > MAX_BODY_BYTES:
        raise MessageTooLarge(
            f"{contract.name}: the body has {len(body.encode())} bytes, at most {MAX_BODY_BYTES} travel; send an id instead"
        )
    trace = current_trace()
    own_id = message_id or uuid7()
    is_command = isinstance(message, Command)
    rows = pending(session)
    transaction = session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()
    for target in targets:
        row_id, event_id = own_id, None
        if not is_command:
            row_id, event_id = uuid5(own_id, target.name) if message_id else uuid7(), own_id
        rows.append(
            PendingRow(
                row_id, event_id, target.name, contract.name, body, trace.correlation_id, trace.traceparent, due_at, transaction
            )
        )
    return own_id


def pending(session: "Session") -> list[PendingRow]:
    """What the session's unit of work has still to insert."""
    rows: list[PendingRow] = session.sync_session.info.setdefault(_PENDING, [])
    return rows


async def write_pending(session: "Session") -> bool:
    """Insert what was published; the unit of work calls this before its commit. Says whether there was anything."""
    rows = pending(session)
    if rows:
        await session.execute(_INSERT_ALONE, _columns(rows))
        rows.clear()
        return True
    return bool(session.sync_session.info.pop(_WRITTEN, False))


async def execute_with_pending(session: "Session", statement: str, values: dict[str, Any]) -> Result[Any]:
    """Carry out an INSERT, UPDATE or DELETE, and insert what was published so far, in one journey to the database."""
    rows = pending(session)
    # A savepoint that is rolled back would take back what was published before it.
    if not rows or session.sync_session.get_nested_transaction() is not None:
        return await session.execute(_alone(statement), values)
    result = await session.execute(_with_insert(statement), values | _columns(rows))
    rows.clear()
    session.sync_session.info[_WRITTEN] = True
    return result


@cache
def _alone(statement: str) -> TextClause:
    return text(statement)


@cache
def _with_insert(statement: str) -> TextClause:
    return text(f"WITH published AS ({_INSERT}) {statement}")


def _columns(rows: Sequence[PendingRow]) -> dict[str, list[Any]]:
    return {
        "ids": [row.id for row in rows],
        "event_ids": [row.event_id for row in rows],
        "lanes": [row.lane for row in rows],
        "names": [row.name for row in rows],
        "bodies": [row.body for row in rows],
        "correlation_ids": [row.correlation_id for row in rows],
        "traceparents": [row.traceparent for row in rows],
        "due_ats": [row.due_at for row in rows],
    }


@event.listens_for(SyncSession, "after_soft_rollback")
def _forget_rolled_back(session: SyncSession, previous: SessionTransaction) -> None:
    rows: list[PendingRow] | None = session.info.get(_PENDING)
    if rows:
        rows[:] = [row for row in rows if not _within(row.transaction, previous)]


def _within(transaction: SessionTransaction | None, ancestor: SessionTransaction) -> bool:
    while transaction is not None:
        if transaction is ancestor:
            return True
        transaction = transaction.parent
    return False
