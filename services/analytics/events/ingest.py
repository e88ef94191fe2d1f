"""Taking events: gathered with what others send, written in one transaction."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from services.analytics.events import metrics
from services.analytics.events.days import EventDays, day_of
from services.analytics.events.event_models import Limits, NewEvent, Refusal
from services.analytics.events.recording import EventRecording, Outcome, Report
from services.analytics.events.writing_repository import EventRepository
from services.analytics.quarantine.repository import QuarantineRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session, constraint_of
from shared.runtime.group_commit import GroupCommit

LINGER_S: Final = 0.02
"""What one waits for others. A commit costs as much as it takes to read ten requests."""
MOST: Final = 5000
CAPACITY: Final = 200_000
NO_PARTITION: Final = "23514"
"""PostgreSQL says so of a check constraint, which has a name then, and of a row that no partition takes, where it has none."""


class EventIngest:
    """The events of one process."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        limits: Limits,
        clock: Clock,
        *,
        linger_s: float = LINGER_S,
        capacity: int = CAPACITY,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._limits = limits
        self._clock = clock
        self._days = EventDays(unit_of_work)
        self._commits = GroupCommit(self._write, linger_s=linger_s, most=MOST, capacity=capacity)

    async def take(self, reports: Sequence[Report]) -> list[Outcome]:
        """What became of each, once it is durable. Raises QueueFull, Closing, and what the database raised."""
        return await self._commits.submit(reports) if reports else []

    async def close(self) -> None:
        """Write what waits, and take nothing more."""
        await self._commits.close()

    async def _write(self, reports: Sequence[Report]) -> list[Outcome]:
        began = time.perf_counter()
        try:
            outcomes = await self._record(reports)
        except Exception as error:
            if not _is_without_partition(error):
                raise
            self._days.forget()
            outcomes = await self._record(reports)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - began)
        metrics.COMMIT_EVENTS.observe(len(reports))
        _count(outcomes)
        return outcomes

    async def _record(self, reports: Sequence[Report]) -> list[Outcome]:
        now = self._clock()
        oldest, newest = now - self._limits.late, now + self._limits.ahead
        moments = {one.occurred_at for _, one in reports if isinstance(one, NewEvent)}
        await self._days.ensure({day_of(moment) for moment in moments if oldest <= moment <= newest})
        async with self._unit_of_work() as session:
            recording = EventRecording(EventRepository(session), QuarantineRepository(session), self._limits)
            return await recording.record(reports, now)


def _is_without_partition(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state == NO_PARTITION and constraint_of(error) is None


def _count(outcomes: Sequence[Outcome]) -> None:
    for outcome in ("accepted", "duplicate"):
        metrics.EVENTS.labels(outcome).inc(outcomes.count(outcome))
    for one in outcomes:
        if isinstance(one, Refusal):
            metrics.EVENTS.labels("quarantined").inc()
            metrics.QUARANTINED.labels(one.reason).inc()
