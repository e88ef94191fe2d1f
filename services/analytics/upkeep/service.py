"""The hourly clean-up of what monitoring keeps, and of what dead workers and clients leave in the broker."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from services.analytics.snapshots.repository import SnapshotReader, SnapshotRepository
from services.analytics.upkeep.leftovers import Leftovers
from services.analytics.upkeep.repository import UpkeepRepository
from services.analytics.workers.repository import WorkerRepository
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.errors import Transient

DAY: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=3)
MINUTES_KEPT: Final = timedelta(days=2)
HOURS_KEPT: Final = timedelta(days=400)
SNAPSHOTS_KEPT: Final = timedelta(days=14)
GAPS_KEPT: Final = timedelta(days=90)
WORKERS_KEPT: Final = timedelta(days=1)


class DeadTasks:
    """The look of `analytics.cleanup_dead_tasks`. kept: for how long the history is kept."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        leftovers: Leftovers,
        kept: timedelta,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._leftovers = leftovers
        self._kept = kept
        self._clock = clock

    async def clean(self, slot: datetime) -> None:
        """Remove what nobody owns, and say what that was. Done twice it finds nothing more. Raises Transient without a broker."""
        dropped = await self._drop_days(slot)
        async with self._unit_of_work() as session:
            boxes = await self._known_boxes(session, slot)
        try:
            swept = await self._leftovers.sweep(boxes, self._clock())
        except BROKER_ERRORS as error:
            raise Transient(f"the broker does not answer ({type(error).__name__})", retry_after_s=30) from None
        async with self._unit_of_work() as session:
            forgotten = await self._forget(session, slot)
            report = {"days_dropped": [day.isoformat() for day in dropped], **forgotten, **asdict(swept)}
            await SnapshotRepository(session).keep("clean_up", slot, report)

    async def _drop_days(self, slot: datetime) -> list[date]:
        """One transaction for each day, so that readers wait for one at a time."""
        cut_off = slot - self._kept
        async with self._unit_of_work() as session:
            repository = UpkeepRepository(session)
            await repository.make_days((slot - DAY).date(), (slot + AHEAD).date())
            over = [day for day in await repository.days() if _end_of(day) <= cut_off]
        dropped = []
        for day in over:
            async with self._unit_of_work() as session:
                if await UpkeepRepository(session).drop(day, cut_off):
                    dropped.append(day)
        return dropped

    async def _known_boxes(self, session: Session, slot: datetime) -> set[str]:
        """What the slot before has seen; what this slot has seen itself is too young."""
        before = [one for one in await SnapshotReader(session).newest("clean_up", limit=2) if one.at < slot]
        return set(before[0].body["boxes"]) if before else set()

    async def _forget(self, session: Session, slot: datetime) -> dict[str, Any]:
        repository = UpkeepRepository(session)
        return {
            "minutes": await repository.forget_stats(60, slot - MINUTES_KEPT),
            "hours": await repository.forget_stats(3600, slot - HOURS_KEPT),
            "gaps": await repository.forget_gaps(slot - GAPS_KEPT),
            "snapshots": await SnapshotRepository(session).forget(slot - SNAPSHOTS_KEPT),
            "workers": await WorkerRepository(session).forget(slot - WORKERS_KEPT),
        }


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + DAY
