"""Statements on the partitions of events, which the database's own functions carry out under their owner's rights."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import text

from shared.runtime.db import Session

_MAKE: Final = text("SELECT make_event_days(:first, :last)")
_DAYS: Final = text("SELECT day FROM event_days() ORDER BY day")
_DROP: Final = text("SELECT drop_event_day(:day, :cut_off, :now)")


class EventDaysRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def make(self, first: date, last: date) -> int:
        """Make the days that are missing among these, and return how many were."""
        return int((await self._session.execute(_MAKE, {"first": first, "last": last})).scalar_one())

    async def days(self) -> list[date]:
        """Those that there are, the oldest first."""
        return list((await self._session.execute(_DAYS)).scalars())

    async def drop(self, day: date, cut_off: datetime, now: datetime) -> int:
        """Drop a day that was over at `cut_off`, note it, and return how many events it had."""
        return int((await self._session.execute(_DROP, {"day": day, "cut_off": cut_off, "now": now})).scalar_one())
