"""Taking reported points: gathered with what others report, written in one transaction, then shown to those who follow."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Protocol

from services.trips.positions import metrics
from services.trips.positions.days import PositionDays, day_of
from services.trips.positions.plausibility import Plausibility
from services.trips.positions.point_models import Point, Refusal
from services.trips.positions.recording import Outcome, Recorded, Recording, Report
from services.trips.positions.writing_repository import Moved, PositionRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session, constraint_of
from shared.runtime.group_commit import GroupCommit

LINGER_S: Final = 0.02
"""What one waits for others. A commit costs as much as it takes to read ten requests."""
MOST: Final = 5000
CAPACITY: Final = 200_000
NO_PARTITION: Final = "23514"
"""PostgreSQL says so of a check constraint, which has a name then, and of a row that no partition takes, where it has none."""


class Followers(Protocol):
    """Whoever shows where vehicles are."""

    def show(self, moved: Sequence[tuple[Moved, Point]]) -> None:
        """Take the newest places, which are committed, without waiting for anybody."""


class Ingest:
    """The points of one process."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        followers: Followers,
        plausibility: Plausibility,
        clock: Clock,
        *,
        linger_s: float = LINGER_S,
        capacity: int = CAPACITY,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._followers = followers
        self._plausibility = plausibility
        self._clock = clock
        self._days = PositionDays(unit_of_work)
        self._commits = GroupCommit(self._write, linger_s=linger_s, most=MOST, capacity=capacity)

    async def take(self, reports: Sequence[Report]) -> list[Outcome]:
        """What became of each, once it is durable. Raises QueueFull, Closing, and what the database raised."""
        return await self._commits.submit(reports)

    async def close(self) -> None:
        """Write what waits, and take nothing more."""
        await self._commits.close()

    async def _write(self, reports: Sequence[Report]) -> list[Outcome]:
        now, began = self._clock(), time.perf_counter()
        try:
            recorded = await self._record(reports, now)
        except Exception as error:
            if not _is_without_partition(error):
                raise
            self._days.forget()
            recorded = await self._record(reports, now)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - began)
        metrics.COMMIT_POINTS.observe(len(reports))
        _count(reports, recorded.outcomes, now)
        self._followers.show(recorded.moved)
        return recorded.outcomes

    async def _record(self, reports: Sequence[Report], now: datetime) -> Recorded:
        limits = self._plausibility.limits
        oldest, newest = now - limits.kept, now + limits.ahead
        days = {day_of(one.recorded_at) for _, one in reports if isinstance(one, Point) and oldest <= one.recorded_at <= newest}
        await self._days.ensure(days)
        async with self._unit_of_work() as session:
            return await Recording(PositionRepository(session), self._plausibility).record(reports, now)


def _is_without_partition(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state == NO_PARTITION and constraint_of(error) is None


def _count(reports: Sequence[Report], outcomes: Sequence[Outcome], now: datetime) -> None:
    counts: dict[tuple[str, str], int] = {}
    for (_, point), outcome in zip(reports, outcomes, strict=True):
        source = point.source if isinstance(point, Point) else str(point.sample.get("source", "api"))
        became = "dropped" if isinstance(outcome, Refusal) else outcome
        counts[source, became] = counts.get((source, became), 0) + 1
        if isinstance(outcome, Refusal):
            metrics.DROPPED.labels(outcome.reason).inc()
    for labels, count in counts.items():
        metrics.POINTS.labels(*labels).inc(count)
    first = reports[0][1]
    if isinstance(first, Point):
        # One of each commit: a sample is enough, and costs nothing.
        metrics.AGE_SECONDS.observe(max(0.0, (now - first.recorded_at).total_seconds()))
