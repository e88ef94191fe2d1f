"""Statements on the partitions of positions, which the database's own functions carry out under their owner's rights."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, text

from services.trips.positions.models import PositionDayDropped
from shared.runtime.db import ReadSession, Session

_MAKE: Final = text("SELECT make_position_days(:first, :last)")
_DAYS: Final = text("SELECT day FROM position_days() ORDER BY day")
_DROP: Final = text("SELECT drop_position_day(:day, :cut_off, :now)")
# A vehicle that reports nothing any more is nowhere. Who writes one just now knows a newer place.
_FORGET_PLACES: Final = text("""
    DELETE FROM latest_positions WHERE vehicle_id IN (
        SELECT vehicle_id FROM latest_positions WHERE recorded_at < :before ORDER BY vehicle_id FOR UPDATE SKIP LOCKED)
""")
_FORGET_DROPS: Final = text("DELETE FROM position_drops WHERE day < :before")


class DaysReader:
    """What is read of the ledger."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def ledger(self, limit: int) -> Sequence[PositionDayDropped]:
        """What was dropped, the newest first."""
        query = select(PositionDayDropped).order_by(PositionDayDropped.dropped_at.desc(), PositionDayDropped.day.desc())
        return (await self._session.scalars(query.limit(limit))).all()


class DaysRepository:
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
        """Drop a day that was over at `cut_off`, note it in the ledger, and return how many points it had."""
        return int((await self._session.execute(_DROP, {"day": day, "cut_off": cut_off, "now": now})).scalar_one())

    async def forget_places(self, before: datetime) -> None:
        """Delete the last places of vehicles that have reported nothing since."""
        await self._session.execute(_FORGET_PLACES, {"before": before})

    async def forget_drops(self, before: date) -> None:
        """Delete what was counted of points that were dropped before that day."""
        await self._session.execute(_FORGET_DROPS, {"before": before})
