"""The days that have a partition. A point of a day without one makes it; the hourly clean-up makes the next ones ahead."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Final

from services.trips.positions.days_repository import DaysRepository
from shared.runtime.db import Session

AHEAD: Final = timedelta(days=3)


def day_of(moment: datetime) -> date:
    """The partition that a moment lies in."""
    return moment.astimezone(UTC).date()


class PositionDays:
    """Makes days that are missing, each once in a process."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]]) -> None:
        self._unit_of_work = unit_of_work
        self._there: set[date] = set()

    async def ensure(self, days: Iterable[date]) -> None:
        """Make those that are not there, in transactions of their own: who writes into them must not hold up others."""
        missing = sorted(set(days) - self._there)
        for day in missing:
            async with self._unit_of_work() as session:
                await DaysRepository(session).make(day, day)
            self._there.add(day)

    def forget(self) -> None:
        """Look again: a day has gone that was there."""
        self._there.clear()
