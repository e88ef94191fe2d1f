"""Dropping the days whose positions are all too old, and making the next ones ready.

Readers do not see what is older than 30 days, to the second. Here the room is given back: a day goes as a whole, in some
milliseconds, however much is in it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from services.trips.positions.days import AHEAD, day_of
from services.trips.positions.days_repository import DaysRepository
from shared.contracts.trips import CleanupOldGpsData
from shared.runtime.clock import Clock
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Outcome, Retry

if TYPE_CHECKING:
    from shared.runtime.archive.keeping import Archive

AGAIN_S: Final = 5.0
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Removal:
    """What is older than its time at this moment goes."""

    now: datetime


class CleanUp:
    """The effect of `trips.cleanup_old_gps_data`, whose outside is the service's own database.

    unit_of_work: opens a transaction, one for each day, so that writers wait for one at a time. kept: for how long points are.
    archive: where they go then; None for nowhere.
    """

    concurrency = 1

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

    async def claim(self, _: Session, received: Sequence[Received[CleanupOldGpsData]]) -> Sequence[Removal | Outcome]:
        """Nothing is to be written before."""
        return [Removal(one.message.slot or self._clock()) for one in received]

    async def call(self, work: Removal) -> Outcome:
        """Drop day after day. Where somebody reads one for long, it is tried again soon; what is dropped is dropped."""
        try:
            for day in await self._over(work.now):
                async with self._unit_of_work() as session:
                    if self._archive is not None:
                        await self._archive.keep(session, f"positions_{day:%Y%m%d}")
                    await DaysRepository(session).drop(day, work.now - self._kept, self._clock())
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not drop a day: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Done()

    async def record(self, _: Session, results: Sequence[tuple[Received[CleanupOldGpsData], Removal | None, Outcome]]) -> None:
        """What was dropped is in the ledger already."""

    async def close(self) -> None:
        """It keeps nothing open."""

    async def _over(self, now: datetime) -> list[date]:
        """The days that are to go. Makes the next ones, and forgets the drops and the last places of days that are gone."""
        cut_off = now - self._kept
        async with self._unit_of_work() as session:
            days = DaysRepository(session)
            await days.make(day_of(now), day_of(now + AHEAD))
            await days.forget_drops(day_of(cut_off))
            await days.forget_places(cut_off)
            return [day for day in await days.days() if _end_of(day) <= cut_off]


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + DAY
