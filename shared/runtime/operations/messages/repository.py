"""The outbox and the inbox, for operators.

Rows are locked with SKIP LOCKED: what the relay or a worker holds at this moment is theirs, and an operator is told so instead
of being kept waiting until a handler ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, cast, null, or_, select, text
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableClause

from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.tables import DEAD_LETTERS, INBOX, OUTBOX, AnyRow, AnySelect

_CANCEL_OUTBOX: Final = text("""
    UPDATE outbox SET state = 2, cancel_id = :undo_id, confirm_by = NULL
     WHERE id = ANY(ARRAY(
           SELECT id FROM outbox WHERE (id = :id OR event_id = :id) AND state = 0 ORDER BY id FOR UPDATE SKIP LOCKED))
    RETURNING id
""")
# A queued row is due again long after its send; undone, it is due at once.
_CANCEL_INBOX: Final = text("""
    UPDATE inbox SET state = 7, cancel_id = :undo_id, finished_at = now(), due_at = CASE WHEN state = 3 THEN now() ELSE due_at END
     WHERE id = ANY(ARRAY(SELECT id FROM inbox WHERE id = :id AND state IN (2, 3, 4) FOR UPDATE SKIP LOCKED))
    RETURNING id
""")
# A sent row goes out again through the relay's own re-publication, which delivers it in isolation.
_HURRY_OUTBOX: Final = text("""
    UPDATE outbox SET due_at = least(due_at, now()), confirm_by = CASE WHEN state = 1 THEN now() END
     WHERE id = ANY(ARRAY(
           SELECT id FROM outbox WHERE (id = :id OR event_id = :id) AND state IN (0, 1) ORDER BY id FOR UPDATE SKIP LOCKED))
    RETURNING id
""")
_HURRY_INBOX: Final = text("""
    UPDATE inbox SET due_at = least(due_at, now())
     WHERE id = ANY(ARRAY(SELECT id FROM inbox WHERE id = :id AND state IN (2, 3, 4) FOR UPDATE SKIP LOCKED))
    RETURNING id
""")
_RESTORE_OUTBOX: Final = text("""
    UPDATE outbox SET state = 0, cancel_id = NULL
     WHERE id = ANY(ARRAY(SELECT id FROM outbox WHERE cancel_id = :undo_id AND state = 2 ORDER BY id FOR UPDATE))
    RETURNING id
""")
_RESTORE_INBOX: Final = text("""
    UPDATE inbox SET state = 2, cancel_id = NULL, finished_at = NULL, due_at = coalesce(due_at, now())
     WHERE id = ANY(ARRAY(SELECT id FROM inbox WHERE cancel_id = :undo_id AND state = 7 ORDER BY id FOR UPDATE))
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """None is no filter. state: its number in the table."""

    lane: str | None = None
    name: str | None = None
    state: int | None = None


class MessageRepository:
    """Reads rows of both tables. Ids are mostly UUIDv7, so ordering by them is ordering by time, from an index."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def outbox(self, wanted: MessageFilter, *, before: UUID | None, limit: int) -> Sequence[AnyRow]:
        """At most `limit` rows without bodies, the newest first."""
        return await self._page(_outbox(with_body=False), OUTBOX, wanted, before, limit)

    async def inbox(self, wanted: MessageFilter, *, before: UUID | None, limit: int) -> Sequence[AnyRow]:
        """At most `limit` rows without bodies, the newest first."""
        return await self._page(_inbox(with_body=False), INBOX, wanted, before, limit)

    async def sent(self, message_id: UUID, *, with_body: bool = False) -> Sequence[AnyRow]:
        """The outbox rows of a message, or of an event by its id."""
        mine = or_(OUTBOX.c.id == message_id, OUTBOX.c.event_id == message_id)
        return (await self._session.execute(_outbox(with_body=with_body).where(mine).order_by(OUTBOX.c.id))).all()

    async def received(self, message_id: UUID, *, with_body: bool = False) -> AnyRow | None:
        """The inbox row of a message."""
        return (await self._session.execute(_inbox(with_body=with_body).where(INBOX.c.id == message_id))).one_or_none()

    async def letters(self, message_id: UUID, *, with_body: bool = False) -> Sequence[AnyRow]:
        """The dead letters of a message, and the one that it is a mended copy of; the oldest first."""
        mine = or_(DEAD_LETTERS.c.message_id == message_id, DEAD_LETTERS.c.replayed_as == message_id)
        columns = [each for each in DEAD_LETTERS.c if with_body or each.name != "body"]
        query = select(*columns).where(mine).order_by(DEAD_LETTERS.c.died_at, DEAD_LETTERS.c.id)
        return (await self._session.execute(query)).all()

    async def _page(
        self, query: AnySelect, source: TableClause, wanted: MessageFilter, before: UUID | None, limit: int
    ) -> Sequence[AnyRow]:
        for name in ("lane", "name", "state"):
            value = getattr(wanted, name)
            query = query if value is None else query.where(source.c[name] == value)
        query = query if before is None else query.where(source.c.id < before)
        return (await self._session.execute(query.order_by(source.c.id.desc()).limit(limit))).all()


class MessageControl:
    """Changes rows of both tables. Each method returns how many."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def cancel(self, message_id: UUID, undo_id: UUID) -> tuple[int, int]:
        """Take the message out of outbox and inbox where it waits."""
        bound = {"id": message_id, "undo_id": undo_id}
        return await self._count(_CANCEL_OUTBOX, bound), await self._count(_CANCEL_INBOX, bound)

    async def hurry(self, message_id: UUID) -> tuple[int, int]:
        """Make it due now. Only where this service has not received it, its sending is what is hurried."""
        inbox = await self._count(_HURRY_INBOX, {"id": message_id})
        return (0 if inbox else await self._count(_HURRY_OUTBOX, {"id": message_id})), inbox

    async def restore(self, undo_id: UUID) -> tuple[int, int]:
        """Put back what a cancellation or a purge took out."""
        return await self._count(_RESTORE_OUTBOX, {"undo_id": undo_id}), await self._count(_RESTORE_INBOX, {"undo_id": undo_id})

    async def _count(self, statement: Any, bound: dict[str, Any]) -> int:
        return len((await self._session.execute(statement, bound)).all())


def _outbox(*, with_body: bool) -> AnySelect:
    return select(
        *(each for each in OUTBOX.c if each.name not in ("body", "cancel_id")),
        OUTBOX.c.cancel_id.label("undo_id"),
        _body(OUTBOX, with_body=with_body),
    )


def _inbox(*, with_body: bool) -> AnySelect:
    return select(
        *(each for each in INBOX.c if each.name not in ("body", "result", "cancel_id")),
        INBOX.c.cancel_id.label("undo_id"),
        INBOX.c.result.is_not(None).label("has_result"),
        _body(INBOX, with_body=with_body),
    )


def _body(source: TableClause, *, with_body: bool) -> ColumnElement[Any]:
    return (cast(source.c.body, Text) if with_body else null()).label("body")
