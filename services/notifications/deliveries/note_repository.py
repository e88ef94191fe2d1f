"""Statements on what was decided before any call, as the timelines of deliveries show it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import text

from shared.runtime.db import Session


class Note(NamedTuple):
    """A line of a delivery's timeline. id: the same when the same is noted again. code: a stable reason. detail: for people."""

    id: UUID
    delivery_id: UUID
    kind: str
    code: str
    detail: str


def skipped(delivery_id: UUID, code: str, why: str) -> Note:
    """The line that says why a delivery is not sent at all. code: the delivery's reason. why: for people."""
    return Note(uuid5(delivery_id, f"skipped/{code}"), delivery_id, "skipped", code, why)


# The same decision again is no further line.
_NOTE: Final = text("""
    INSERT INTO delivery_events (id, delivery_id, kind, occurred_at, code, detail)
    SELECT row.id, delivery_id, kind, :now, code, detail
      FROM unnest(CAST(:id AS uuid[]), CAST(:delivery_id AS uuid[]), CAST(:kind AS text[]), CAST(:code AS text[]),
                  CAST(:detail AS text[])) AS row(id, delivery_id, kind, code, detail)
      JOIN deliveries ON deliveries.id = delivery_id ORDER BY row.id
    ON CONFLICT (id) DO NOTHING
""")


class NoteRepository:
    """What gates write, and whoever ends a delivery that waits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def note(self, notes: Sequence[Note], now: datetime) -> None:
        """Add to the timelines of deliveries; at least one."""
        columns: dict[str, Sequence[Any]] = dict(zip(Note._fields, zip(*notes, strict=True), strict=True))
        await self._session.execute(_NOTE, {**columns, "now": now})
