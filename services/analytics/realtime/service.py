"""The task system in figures: now, and as it is kept by the clock."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Final

import redis.asyncio as redis

from services.analytics.lanes.schemas import QueuesOut
from services.analytics.lanes.service import RATE_OVER_S, backlog_of
from services.analytics.realtime.schemas import DashboardOut, HourOut, RealtimeOut, TopTask
from services.analytics.snapshots.models import Kind
from services.analytics.snapshots.repository import SnapshotRepository
from services.analytics.task_runs.histograms import percentile
from services.analytics.task_runs.models import TaskCounts
from services.analytics.task_runs.repository import MINUTE_S, StatisticsReader
from services.analytics.task_runs.service import percentiles_of
from services.analytics.workers.schemas import WorkersOut
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.db import Session

TOP: Final = 5
OVER: Final = timedelta(seconds=RATE_OVER_S)
DAY: Final = timedelta(days=1)

Writing = Callable[[], AbstractAsyncContextManager[Session]]


async def now(statistics: StatisticsReader, queues: QueuesOut, workers: WorkersOut, at: datetime) -> RealtimeOut:
    """How the task system is doing at this moment."""
    since = (at - OVER).replace(second=0, microsecond=0)
    counts = await statistics.counts(since, at, MINUTE_S)
    total, seconds = sum_of(counts), (at - since).total_seconds()
    ended = total.messages
    behind = sorted((one for one in queues.items if backlog_of(one)), key=backlog_of, reverse=True)
    return RealtimeOut(
        at=at,
        heard_until=workers.heard_until,
        is_complete=queues.is_complete,
        per_s=round(ended / seconds, 3),
        failed_share=round(total.failed / ended, 6) if ended else 0.0,
        ran=percentiles_of(total.ran),
        waited=percentiles_of(total.waited),
        backlog=sum(map(backlog_of, queues.items)),
        delayed=sum(one.delayed for one in queues.items),
        oldest_s=max((one.oldest_s for one in queues.items if one.oldest_s is not None), default=None),
        in_hand=sum(one.unacknowledged for one in queues.items),
        workers=dict(Counter(one.state for one in workers.items)),
        busiest=[one.lane for one in behind[:TOP]],
    )


def performance(queues: QueuesOut, workers: WorkersOut, memory: dict[str, Any] | None) -> dict[str, Any]:
    """What is kept every five minutes of lanes, workers and the broker, for those who look back."""
    lanes = {
        one.lane: {
            "waiting": one.waiting,
            "in_broker": one.in_broker,
            "unacknowledged": one.unacknowledged,
            "delayed": one.delayed,
            "oldest_s": one.oldest_s,
            "per_s": one.per_s,
            "drain_s": one.drain_s,
        }
        for one in queues.items
    }
    fleet = {
        one.hostname: {"state": one.state, "load": one.load, "rss_bytes": one.rss_bytes, "load_1m": one.load_1m}
        for one in workers.items
    }
    used = None if memory is None else {"used_bytes": memory["used_memory"], "max_bytes": memory.get("maxmemory", 0)}
    return {
        "is_complete": queues.is_complete,
        "lanes": lanes,
        "workers": fleet,
        "broker": used,
    }


async def memory_of(client: "redis.Redis") -> dict[str, Any] | None:
    """The broker's figures of its memory; None while it is away."""
    try:
        found: dict[str, Any] = await client.info("memory")
    except BROKER_ERRORS:
        return None
    return found


async def dashboard(statistics: StatisticsReader, at: datetime) -> DashboardOut:
    """The 24 hours until `at`, the one that has begun included."""
    begin = (at - DAY).replace(minute=0, second=0, microsecond=0)
    counts = await statistics.counts(begin, at, 3600)
    hours = await statistics.hours(begin, at)
    return DashboardOut(
        at=at,
        hours=[_hour(begins_at, one) for begins_at, one in hours.items()],
        busiest=_top({one.name: float(one.messages) for one in counts}),
        failing=_top({one.name: round(one.failed / one.messages, 6) for one in counts if one.failed}),
        slowest=_top({one.name: round(p95, 4) for one in counts if (p95 := percentile(one.ran, 0.95)) is not None}),
    )


async def keep(write: Writing, kind: Kind, slot: datetime, body: Any) -> None:
    """Keep what was seen under its slot."""
    async with write() as session:
        await SnapshotRepository(session).keep(kind, slot, body)


def sum_of(counts: list[TaskCounts]) -> TaskCounts:
    """All tasks as one."""
    total = TaskCounts("")
    for one in counts:
        for word in ("done", "dropped", "retried", "failed", "lost", "revoked", "deliveries"):
            setattr(total, word, getattr(total, word) + getattr(one, word))
        for mine, theirs in ((total.ran, one.ran), (total.waited, one.waited)):
            for bucket, count in theirs.items():
                mine[bucket] = mine.get(bucket, 0) + count
    return total


def _hour(begins_at: datetime, one: TaskCounts) -> HourOut:
    return HourOut(
        begins_at=begins_at,
        done=one.done + one.dropped,
        failed=one.failed,
        retried=one.retried,
        lost=one.lost,
        ran=percentiles_of(one.ran),
        waited=percentiles_of(one.waited),
    )


def _top(figures: dict[str, float]) -> list[TopTask]:
    best = sorted(figures.items(), key=lambda one: (-one[1], one[0]))[:TOP]
    return [TopTask(name=name, figure=figure) for name, figure in best]
