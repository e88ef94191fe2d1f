"""Working out what people do, every six hours: who was there when, and how engaged everybody is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from services.analytics.behavior.writing_repository import BehaviorRepository
from services.analytics.rollups.rolling import Rolling
from shared.runtime.clock import Clock
from shared.runtime.db import Session


class Analysing:
    """Each day in a transaction of its own: the mark that it has changed goes with what people did on it."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], rolling: Rolling, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._rolling = rolling
        self._clock = clock

    async def analyse(self, slot: datetime | None) -> None:
        """Work out the days that have changed, and how everybody stands as of the slot."""
        as_of, days = slot or self._clock(), 0
        await self._rolling.roll()
        while await self._one():
            days += 1
        async with self._unit_of_work() as session:
            behavior = BehaviorRepository(session)
            await behavior.hold()
            await behavior.score(as_of.astimezone(UTC).date())
            await behavior.note(as_of, days, self._clock())

    async def _one(self) -> bool:
        async with self._unit_of_work() as session:
            behavior = BehaviorRepository(session)
            await behavior.hold()
            day = await behavior.take()
            if day is not None:
                await behavior.count(day)
        return day is not None
