"""Dropping days of history, and deleting statistics whose time is over."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text

from shared.runtime.db import Session

_MAKE_DAYS: Final = text("SELECT make_task_run_days(:first, :last)")
_DAYS: Final = text("SELECT day FROM task_run_days() ORDER BY day")
_DROP: Final = text("SELECT drop_task_run_day(:day, :cut_off)")
_FORGET_STATS: Final = text("DELETE FROM task_stats WHERE span_s = :span_s AND begins_at < :before")
_FORGET_GAPS: Final = text("DELETE FROM task_history_gaps WHERE ended_at < :before")


class UpkeepRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def make_days(self, first: date, last: date) -> None:
        """Make the partitions that are missing."""
        await self._session.execute(_MAKE_DAYS, {"first": first, "last": last})

    async def days(self) -> list[date]:
        """Those that there are, the oldest first."""
        return list((await self._session.execute(_DAYS)).scalars())

    async def drop(self, day: date, cut_off: datetime) -> bool:
        """Drop a day that was over at `cut_off`; False where it had gone before."""
        return bool((await self._session.execute(_DROP, {"day": day, "cut_off": cut_off})).scalar_one())

    async def forget_stats(self, span_s: int, before: datetime) -> int:
        """Delete statistics of minutes (60) or hours (3600) that began before then."""
        gone: Any = await self._session.execute(_FORGET_STATS, {"span_s": span_s, "before": before})
        return int(gone.rowcount)

    async def forget_gaps(self, before: datetime) -> int:
        """Delete what is known of gaps that ended before then."""
        gone: Any = await self._session.execute(_FORGET_GAPS, {"before": before})
        return int(gone.rowcount)
