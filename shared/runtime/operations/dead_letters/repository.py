"""The dead letters' statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, not_, null, select, text, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.tables import DEAD_LETTERS as LETTERS
from shared.runtime.operations.tables import AnyRow, AnySelect

AT_ONCE: Final = 10_000
UNRECORDED: Final = "record_failed"
"""The call had been made when its outcome could not be recorded: replaying may do it twice, so nobody does it unseen."""

# The row's life starts over: attempts, and what counts from its reception (retention, the hour of parking). Without a
# row (cleaned away, or restored from an older backup) it gets one, and with it the fence.
_REVIVE: Final = text("""
    INSERT INTO inbox AS known (id, name, lane, source, state, attempt, body, due_at, correlation_id, occurred_at)
    SELECT letter.message_id, letter.name, letter.lane, letter.source, 2, 0, letter.body::json,
           now() + make_interval(secs => chosen.after_s), letter.correlation_id, coalesce(letter.occurred_at, letter.died_at)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:afters AS float8[])) AS chosen(id, after_s)
      JOIN dead_letters AS letter ON letter.id = chosen.id
     ORDER BY letter.message_id
    ON CONFLICT (id) DO UPDATE SET state = 2, attempt = 0, crashes = 0, body = excluded.body, due_at = excluded.due_at,
           epoch = NULL, lease_token = NULL, lease_owner = NULL, finished_at = NULL, received_at = now()
     WHERE known.state = 6
    RETURNING id, due_at
""")
_SEND_EDITED: Final = text("""
    INSERT INTO inbox (id, name, lane, source, state, attempt, body, due_at, correlation_id, occurred_at, replay_of)
    SELECT :message_id, :name, :lane, source, 2, 0, CAST(:body AS json), now(), correlation_id, coalesce(occurred_at, died_at),
           message_id
      FROM dead_letters WHERE id = :letter_id
""")
_SETTLE: Final = text("""
    UPDATE dead_letters SET status = :status, settled_at = now(), settled_by = :by, note = :note, replayed_as = :replayed_as
     WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'open'
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """None is no filter. since: died at this moment or later."""

    status: str | None = "open"
    reason: str | None = None
    name: str | None = None
    fingerprint: str | None = None
    since: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """One for each filter that is given."""
        given = ((name, getattr(self, name)) for name in ("status", "reason", "name", "fingerprint"))
        equal = [LETTERS.c[name] == value for name, value in given if value is not None]
        return [*equal, LETTERS.c.died_at >= self.since] if self.since else equal


class DeadLetterRepository:
    """Reads dead letters. lanes: the service's own, on which alone its relay sends inbox rows again."""

    def __init__(self, session: ReadSession, lanes: Sequence[str]) -> None:
        self._session = session
        self._lanes = lanes

    async def newest(self, wanted: LetterFilter, *, before: tuple[Any, ...] | None, limit: int) -> Sequence[AnyRow]:
        """At most `limit` letters without bodies, the newest first. before: (died_at, id) of the last one shown."""
        query = select(*(each for each in LETTERS.c if each.name != "body")).where(*wanted.conditions())
        if before is not None:
            query = query.where(tuple_(LETTERS.c.died_at, LETTERS.c.id) < tuple_(*before))
        return (await self._session.execute(query.order_by(LETTERS.c.died_at.desc(), LETTERS.c.id.desc()).limit(limit))).all()

    async def groups(self, wanted: LetterFilter, *, before: tuple[Any, ...] | None, limit: int) -> Sequence[AnyRow]:
        """At most `limit` groups by fingerprint, those with the newest letter first. before: (last_died_at, fingerprint)."""
        newest = func.max(LETTERS.c.died_at)
        query = _grouped().where(*wanted.conditions())
        if before is not None:
            query = query.having(tuple_(newest, LETTERS.c.fingerprint) < tuple_(*before))
        return (await self._session.execute(query.order_by(newest.desc(), LETTERS.c.fingerprint.desc()).limit(limit))).all()

    async def counts(self, limit: int) -> Sequence[AnyRow]:
        """Open letters by what they were to be, or died of, the most first: (subject, letters, those of all subjects)."""
        subject, letters = func.coalesce(LETTERS.c.name, LETTERS.c.reason).label("subject"), func.count()
        everything = func.sum(letters).over().label("everything")
        query: AnySelect = (
            select(subject, letters.label("letters"), everything).where(LETTERS.c.status == "open").group_by(subject)
        )
        return (await self._session.execute(query.order_by(letters.desc(), subject).limit(limit))).all()

    async def find(self, letter_id: UUID, *, with_body: bool) -> AnyRow | None:
        """One letter."""
        body = (LETTERS.c.body if with_body else null()).label("body")
        query = select(*(each for each in LETTERS.c if each.name != "body"), body).where(LETTERS.c.id == letter_id)
        return (await self._session.execute(query)).one_or_none()

    async def count(self, wanted: LetterFilter) -> tuple[int, int]:
        """How many letters fit, and how many of these nobody may replay unseen."""
        by_hand = func.count().filter(not_(self._replayable(wanted)))
        row = (await self._session.execute(select(func.count(), by_hand).select_from(LETTERS).where(*wanted.conditions()))).one()
        return row[0], row[1]

    def _replayable(self, wanted: LetterFilter) -> ColumnElement[bool]:
        """Whether a letter of a selection may be replayed as it is: it says what it is, and was not called without a record."""
        says_what = and_(
            LETTERS.c.message_id.is_not(None), LETTERS.c.name.is_not(None), func.coalesce(LETTERS.c.lane, "").in_(self._lanes)
        )
        return and_(says_what, LETTERS.c.reason != UNRECORDED) if wanted.reason != UNRECORDED else says_what


class DeadLetterControl(DeadLetterRepository):
    """Settles dead letters."""

    def __init__(self, session: Session, lanes: Sequence[str]) -> None:
        super().__init__(session, lanes)

    async def lock(self, letter_id: UUID) -> AnyRow | None:
        """One letter with its body. Of two operators who settle it at once, the second waits here and then sees the first."""
        query = select(LETTERS).where(LETTERS.c.id == letter_id).with_for_update()
        return (await self._session.execute(query)).one_or_none()

    async def choose(self, wanted: LetterFilter, *, replayable: bool) -> list[UUID]:
        """At most AT_ONCE letters, locked, the oldest first; not those that somebody else is settling."""
        query = select(LETTERS.c.id).where(*wanted.conditions())
        query = query.where(self._replayable(wanted)) if replayable else query
        query = query.order_by(LETTERS.c.died_at, LETTERS.c.id).limit(AT_ONCE).with_for_update(skip_locked=True)
        return list((await self._session.execute(query)).scalars())

    async def revive(self, letter_ids: Sequence[UUID], *, rate: float) -> dict[UUID, datetime]:
        """Make the messages of letters wait for their lane again: message id to due time, for those that were dead."""
        afters = [index / rate for index in range(len(letter_ids))]
        rows = await self._session.execute(_REVIVE, {"ids": list(letter_ids), "afters": afters})
        return {row.id: row.due_at for row in rows}

    async def send_edited(self, letter_id: UUID, *, message_id: UUID, name: str, lane: str, body: str) -> None:
        """Receive a letter's mended copy under an id of its own."""
        bound = {"letter_id": letter_id, "message_id": message_id, "name": name, "lane": lane, "body": body}
        await self._session.execute(_SEND_EDITED, bound)

    async def settle(
        self, letter_ids: Sequence[UUID], status: str, by: str, note: str, *, replayed_as: UUID | None = None
    ) -> int:
        """Close letters. Returns how many."""
        bound = {"ids": list(letter_ids), "status": status, "by": by, "note": note, "replayed_as": replayed_as}
        return len((await self._session.execute(_SETTLE, bound)).all())

    async def of_messages(self, message_ids: Sequence[UUID]) -> list[UUID]:
        """The open letters of messages."""
        query = select(LETTERS.c.id).where(LETTERS.c.message_id.in_(message_ids), LETTERS.c.status == "open")
        return list((await self._session.execute(query)).scalars())


def _grouped() -> AnySelect:
    def of_newest(column: ColumnElement[Any]) -> ColumnElement[Any]:
        ordered = func.array_agg(aggregate_order_by(column, LETTERS.c.died_at.desc(), LETTERS.c.id.desc()))
        return ordered[1]

    return select(
        LETTERS.c.fingerprint,
        func.count().label("letters"),
        func.min(LETTERS.c.reason).label("reason"),
        func.min(LETTERS.c.name).label("name"),
        func.min(LETTERS.c.error_class).label("error_class"),
        of_newest(LETTERS.c.error).label("error"),
        of_newest(LETTERS.c.id).label("newest_id"),
        func.min(LETTERS.c.died_at).label("first_died_at"),
        func.max(LETTERS.c.died_at).label("last_died_at"),
    ).group_by(LETTERS.c.fingerprint)
