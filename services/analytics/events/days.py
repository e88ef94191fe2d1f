"""The days that have a partition. An event of a day without one makes it; the daily tending makes the next ones ahead."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime

from services.analytics.events.days_repository import EventDaysRepository
from shared.runtime.db import Session


def day_of(moment: datetime) -> date:
    """The partition that a moment lies in."""
    return moment.astimezone(UTC).date()


class EventDays:
    """Makes days that are missing, each once in a process."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]]) -> None:
        self._unit_of_work = unit_of_work
        self._there: set[date] = set()

    async def ensure(self, days: Iterable[date]) -> None:
        """Make those that are not there, in transactions of their own: who writes into them must not hold up others."""
        for day in sorted(set(days) - self._there):
            async with self._unit_of_work() as session:
                await EventDaysRepository(session).make(day, day)
            self._there.add(day)

    def forget(self) -> None:
        """Look again: a day has gone that was there."""
        self._there.clear()
