"""Statements on the windows in which messages for the hourly summary are collected.

Whoever collects holds the window's row until its commit, and whoever closes it deletes the row before it looks at the entries. So
it waits for those who are about to join, and who comes later opens another window: no entry is left without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7


@dataclass(frozen=True, slots=True)
class Window:
    """One person's, from the first message on that was collected. closes_at: when all of them are to be told of."""

    id: UUID
    person: str
    opened_at: datetime
    closes_at: datetime


_OPEN: Final = text("""
    SELECT id, person, opened_at, closes_at FROM digest_windows WHERE person = ANY(CAST(:people AS text[]))
""")

# In order of person, so that two batches wait for each other and not both at once. What ends later than somebody may be told is
# brought forward: quiet hours that a window was to outlast may have been given up since.
_ENTER: Final = text("""
    INSERT INTO digest_windows AS known (id, person, opened_at, closes_at)
    SELECT id, person, :now, closes_at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:people AS text[]), CAST(:ends AS timestamptz[])) AS row(id, person, closes_at)
     ORDER BY person
    ON CONFLICT (person) DO UPDATE SET closes_at = least(known.closes_at, excluded.closes_at)
    RETURNING new.id, new.person, new.opened_at, new.closes_at, old.closes_at IS DISTINCT FROM new.closes_at AS ends_anew
""")

# In the same order. Two statements: what the second one sees was written before the first one had its locks.
_HOLD: Final = text("""
    SELECT known.person
      FROM digest_windows AS known
      JOIN unnest(CAST(:people AS text[]), CAST(:ids AS uuid[])) AS asked(person, id) ON asked.person = known.person
     WHERE known.id = coalesce(asked.id, known.id)
     ORDER BY known.person FOR UPDATE OF known
""")
_CLOSE: Final = text("""
    DELETE FROM digest_windows WHERE person = ANY(CAST(:people AS text[])) RETURNING id, person, opened_at, closes_at
""")

_OVERDUE: Final = text("""
    UPDATE digest_windows SET closes_at = :now
     WHERE person = ANY(ARRAY(SELECT person FROM digest_windows WHERE closes_at < :before
                               ORDER BY closes_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id, person, opened_at, closes_at
""")


class WindowReader:
    """What is read of windows."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def open_ones(self, people: Sequence[str]) -> Mapping[str, Window]:
        """These people's windows, by person."""
        return {row.person: Window(*row) for row in await self._session.execute(_OPEN, {"people": list(people)})}


class WindowRepository(WindowReader):
    """What is written of windows."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def enter(self, ends: Mapping[str, datetime], now: datetime) -> Sequence[Window]:
        """Hold these people's windows until the unit of work ends; those who have none get one. Returns the windows whose end is
        new, and is to be asked for.

        ends: by person, when what is collected now can be told of.
        """
        bound = {"ids": [uuid7() for _ in ends], "people": list(ends), "ends": list(ends.values()), "now": now}
        rows = await self._writing.execute(_ENTER, bound)
        return [Window(row.id, row.person, row.opened_at, row.closes_at) for row in rows if row.ends_anew]

    async def close(self, asked: Sequence[tuple[str, UUID | None]]) -> Mapping[str, Window]:
        """End windows, and return by person those that were open. Waits for whoever is about to join one.

        asked: whose, and which; None for the one that is open.
        """
        bound = {"people": [person for person, _ in asked], "ids": [key for _, key in asked]}
        held = list(await self._writing.scalars(_HOLD, bound))
        if not held:
            return {}
        return {row.person: Window(*row) for row in await self._writing.execute(_CLOSE, {"people": held})}

    async def overdue(self, before: datetime, now: datetime, limit: int) -> Sequence[Window]:
        """Windows that should have ended before a moment, at most `limit`; they are to end now."""
        rows = await self._writing.execute(_OVERDUE, {"before": before, "now": now, "limit": limit})
        return [Window(*row) for row in rows]
