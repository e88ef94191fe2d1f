"""The schedules table, where operators' changes survive deploys."""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.tables import AnyRow

_ALL: Final = text("SELECT name, crontab, paused, last_slot_at, last_fired_at, missed, updated_at, updated_by FROM schedules")
_SET_PAUSED: Final = text("UPDATE schedules SET paused = :paused, updated_at = now(), updated_by = :by WHERE name = :name")
# New times count from now on: what lies before was never promised by them.
_SET_CRONTAB: Final = text("""
    UPDATE schedules SET crontab = :crontab, last_slot_at = greatest(last_slot_at, CAST(:now AS timestamptz)),
           updated_at = now(), updated_by = :by
     WHERE name = :name
""")


class ScheduleRepository:
    """Reads what is known of entries; one that no scheduler has seen yet has no row."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def all(self) -> dict[str, AnyRow]:
        """Rows by name."""
        return {row.name: row for row in await self._session.execute(_ALL)}


class ScheduleControl(ScheduleRepository):
    """Changes rows that a scheduler has made."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)

    async def set_paused(self, name: str, by: str, *, paused: bool) -> None:
        """Let no slots fire, or let them fire again."""
        await self._session.execute(_SET_PAUSED, {"name": name, "paused": paused, "by": by})

    async def set_crontab(self, name: str, by: str, crontab: str | None, now: datetime) -> None:
        """Override the code's times from `now` on, or return to them."""
        await self._session.execute(_SET_CRONTAB, {"name": name, "crontab": crontab, "now": now, "by": by})
