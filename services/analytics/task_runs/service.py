"""The history: windows, counts with percentiles, limits of what is slow, and one message's story."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from services.analytics.owners.errors import NotKnown
from services.analytics.owners.service import Owners
from services.analytics.task_events.models import State
from services.analytics.task_runs.errors import InvalidWindow, TaskNotFound
from services.analytics.task_runs.histograms import least_of, percentile, percentile_bucket
from services.analytics.task_runs.models import RunFilter, TaskCounts, TaskRun
from services.analytics.task_runs.repository import HOUR_S, MINUTE_S, RunKey, StatisticsReader, TaskRunReader
from services.analytics.task_runs.schemas import (
    GapOut,
    OwnerStory,
    Percentiles,
    TaskRunOut,
    TaskStatus,
    TaskStatusOut,
    TaskStory,
    Window,
)
from shared.contracts.lanes import SERVICES
from shared.runtime.clock import Clock
from shared.runtime.errors import ServiceError
from shared.runtime.operations.messages.schemas import MessageStory

WINDOWS: Final[dict[Window, timedelta]] = {
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
BY_MINUTES: Final = timedelta(hours=1)
"""Longer windows are read from the statistics of hours, and begin at a full one."""
MANY: Final = 100


class TaskHistory:
    """Reads for endpoints. kept: for how long runs are there."""

    def __init__(self, runs: TaskRunReader, statistics: StatisticsReader, clock: Clock, kept: timedelta) -> None:
        self._runs = runs
        self._statistics = statistics
        self._clock = clock
        self._kept = kept

    def window(self, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        """The time that is looked at: all that is kept, or what was asked for. Raises InvalidWindow."""
        now = self._clock()
        first, last = since or now - self._kept, until or now + timedelta(minutes=5)
        if first >= last:
            raise InvalidWindow("since lies after until; name the earlier moment as since")
        return first, last

    async def status(self, window: Window, name: str | None) -> TaskStatusOut:
        """Counts and percentiles of the window that ends now."""
        since, until = self._span(window)
        span_s = MINUTE_S if WINDOWS[window] <= BY_MINUTES else HOUR_S
        counts = await self._statistics.counts(since, until, span_s, name)
        heard = await self._statistics.heard(since, until)
        return TaskStatusOut(
            since=since,
            until=until,
            heard_until=heard.until,
            gaps=[GapOut.model_validate(gap) for gap in heard.gaps],
            totals=totals_of(counts),
            items=[_status(one, (until - since).total_seconds()) for one in counts],
        )

    def slower_than(self, window: Window, name: str | None, threshold_s: float) -> RunFilter:
        """Runs of the window that took at least so long, whatever the task."""
        return RunFilter(*self._span(window), name=name, least_ran_s=threshold_s)

    async def slow(
        self, window: Window, share: float, name: str | None, *, before: RunKey | None, limit: int
    ) -> Sequence[TaskRun]:
        """The slowest of each task: runs that took as long as the given share (0 to 1) of the task's did not."""
        since, until = self._span(window)
        span_s = MINUTE_S if WINDOWS[window] <= BY_MINUTES else HOUR_S
        counts = await self._statistics.counts(since, until, span_s, name)
        limits = {one.name: least_of(bucket) for one in counts if (bucket := percentile_bucket(one.ran, share)) is not None}
        return await self._runs.slower(limits, RunFilter(since, until), before=before, limit=limit)

    def _span(self, window: Window) -> tuple[datetime, datetime]:
        """From a full minute, or hour where hours are read."""
        now, length = self._clock(), WINDOWS[window]
        begin = now - length
        is_short = length <= BY_MINUTES
        return begin.replace(second=0, microsecond=0) if is_short else begin.replace(minute=0, second=0, microsecond=0), now


class TaskStories:
    """One message's story, live from those who own it."""

    def __init__(self, runs: TaskRunReader, owners: Owners, clock: Clock) -> None:
        self._runs = runs
        self._owners = owners
        self._clock = clock

    async def tell(self, message_id: UUID, kept: timedelta) -> TaskStory:
        """What is known, with those who could not be asked. Raises TaskNotFound where all were asked and know nothing."""
        now = self._clock()
        wanted = RunFilter(now - kept, now + timedelta(minutes=5), message_id=message_id)
        runs = await self._runs.page(wanted, before=None, limit=MANY)
        stories = await asyncio.gather(*(self._ask(service, message_id) for service in SERVICES))
        if not runs and not any(one.story or one.problem for one in stories):
            raise TaskNotFound("no service knows this message, and the history has not heard of it; is the id right?")
        return TaskStory(id=message_id, runs=[TaskRunOut.model_validate(run) for run in runs], services=list(stories))

    async def _ask(self, service: str, message_id: UUID) -> OwnerStory:
        try:
            said = await self._owners.of(service).get(f"/v1/operations/messages/{message_id}")
            return OwnerStory(service=service, story=MessageStory.model_validate(said), problem=None)
        except NotKnown:
            return OwnerStory(service=service, story=None, problem=None)
        except (ServiceError, ValueError) as error:
            problem = (
                error.detail if isinstance(error, ServiceError) else f"{service} answers in another shape than is known here"
            )
            return OwnerStory(service=service, story=None, problem=problem)


def totals_of(counts: Sequence[TaskCounts]) -> dict[State, int]:
    """Over all tasks."""
    words: Mapping[State, str] = {state: "retried" if state == "retry" else state for state in get_args(State)}
    return {state: sum(getattr(one, word) for one in counts) for state, word in words.items()}


def percentiles_of(counts: Mapping[int, int]) -> Percentiles:
    """The usual ones of a histogram."""
    found = {f"p{share}_s": percentile(counts, share / 100) for share in (50, 90, 95, 99)}
    return Percentiles(**{name: None if value is None else round(value, 4) for name, value in found.items()})


def _status(one: TaskCounts, seconds: float) -> TaskStatus:
    ended = one.messages
    return TaskStatus(
        name=one.name,
        done=one.done,
        dropped=one.dropped,
        retried=one.retried,
        failed=one.failed,
        lost=one.lost,
        revoked=one.revoked,
        deliveries=one.deliveries,
        per_s=round(ended / seconds, 3),
        failed_share=round(one.failed / ended, 6) if ended else 0.0,
        ran=percentiles_of(one.ran),
        waited=percentiles_of(one.waited),
    )
