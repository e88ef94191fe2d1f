"""Making the next days of events ready, and letting go of what is kept no longer."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from services.analytics.events.days import day_of
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.quarantine.repository import QuarantineRepository
from services.analytics.rollups.rolling import MINUTES_KEPT
from services.analytics.rollups.rolling_repository import RollingRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session

if TYPE_CHECKING:
    from shared.runtime.archive.keeping import Archive

AHEAD: Final = timedelta(days=3)
QUARANTINE_KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 5000


class Tending:
    """Each part in a transaction of its own, so that writers wait for one at a time.

    kept: for how long raw events are. archive: where they go then; None for nowhere.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        kept: timedelta,
        clock: Clock,
        archive: "Archive | None" = None,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._kept = kept
        self._clock = clock
        self._archive = archive

    async def tend(self, slot: datetime | None) -> None:
        """As of the slot, or of now."""
        now = slot or self._clock()
        async with self._unit_of_work() as session:
            days = EventDaysRepository(session)
            await days.make(day_of(now), day_of(now + AHEAD))
            over = [day for day in await days.days() if _end_of(day) <= now - self._kept]
        for day in over:
            async with self._unit_of_work() as session:
                if self._archive is not None:
                    await self._archive.keep(session, f"events_{day:%Y%m%d}")
                await EventDaysRepository(session).drop(day, now - self._kept, self._clock())
        async with self._unit_of_work() as session:
            await RollingRepository(session).forget_minutes(now - MINUTES_KEPT)
        await self._forget_quarantined(now - QUARANTINE_KEPT)

    async def _forget_quarantined(self, before: datetime) -> None:
        gone = AT_ONCE
        while gone == AT_ONCE:
            async with self._unit_of_work() as session:
                gone = await QuarantineRepository(session).forget(before, AT_ONCE)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
