"""How the monitoring of the task system is put together, for endpoints and tasks alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from weakref import WeakKeyDictionary

from services.analytics.health.schemas import HealthOut
from services.analytics.health.service import HealthCheck
from services.analytics.lanes import service as lanes
from services.analytics.lanes.broker import InBroker, LanesInBroker
from services.analytics.lanes.schemas import QueuesOut
from services.analytics.owners.client import OwnerApi
from services.analytics.owners.service import Owners
from services.analytics.realtime import service as realtime
from services.analytics.realtime.schemas import DashboardOut, RealtimeOut, RealtimeSeriesOut, SeriesOut, SeriesPoint
from services.analytics.settings import AnalyticsSettings
from services.analytics.slots import service as slots
from services.analytics.slots.schemas import SchedulesOut
from services.analytics.snapshots.models import Kind
from services.analytics.snapshots.repository import SnapshotReader
from services.analytics.task_runs.histograms import percentile
from services.analytics.task_runs.repository import HOUR_S, StatisticsReader, TaskRunReader
from services.analytics.task_runs.schemas import TaskStory
from services.analytics.task_runs.service import TaskHistory, TaskStories
from services.analytics.workers.repository import WorkerReader
from services.analytics.workers.schemas import WorkersOut
from services.analytics.workers.service import SILENT_S, WorkerSurvey, is_deaf
from shared.runtime import broker
from shared.runtime.db import ReadSession
from shared.runtime.http.client import service_client
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.operations.lanes.schemas import LaneList
from shared.runtime.operations.schedules.schemas import ScheduleList
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    import redis.asyncio as redis

Runtime = HttpRuntime | ProcessRuntime


@dataclass(frozen=True, slots=True)
class Watch:
    """What one process watches others with. client: the broker, under the monitor's login."""

    owners: Owners
    client: "redis.Redis"
    in_broker: LanesInBroker
    health: HealthCheck

    async def close(self) -> None:
        """Give back connections."""
        await self.owners.close()
        await self.client.aclose()


# One in a process, under the one client of the broker that the process has.
_watches: "WeakKeyDictionary[redis.Redis, Watch]" = WeakKeyDictionary()


def own_settings(settings: ServiceSettings) -> AnalyticsSettings:
    """The settings as this service's own."""
    assert isinstance(settings, AnalyticsSettings), "the runtime of this service carries this service's settings"
    return settings


def watch(runtime: Runtime) -> Watch:
    """This process's."""
    if runtime.redis not in _watches:
        settings = own_settings(runtime.settings)
        client = broker.connect(settings.monitor_url, name="analytics-monitor")
        owners = Owners(_apis(settings), runtime.clock)
        health = HealthCheck(owners, client, runtime.database.read, runtime.clock)
        _watches[runtime.redis] = Watch(owners, client, LanesInBroker(client, runtime.clock), health)
    return _watches[runtime.redis]


def _apis(settings: AnalyticsSettings) -> dict[str, OwnerApi]:
    return {service: OwnerApi(service, service_client(settings, service, url)) for service, url in settings.service_urls.items()}


@asynccontextmanager
async def kept_watch(runtime: HttpRuntime) -> AsyncIterator[None]:
    """Close what requests have opened before the API's own connections close."""
    yield
    await closing(runtime)()


def closing(runtime: Runtime) -> Callable[[], Awaitable[None]]:
    """Closes what this process watches with, however often it is asked to."""

    async def close() -> None:
        ended = _watches.pop(runtime.redis, None)
        if ended is not None:
            await ended.close()

    return close


def task_runs(session: ReadSession) -> TaskRunReader:
    """Reads runs."""
    return TaskRunReader(session)


def task_history(runtime: Runtime, session: ReadSession) -> TaskHistory:
    """Reads runs and statistics."""
    return TaskHistory(TaskRunReader(session), StatisticsReader(session), runtime.clock, history_kept(runtime.settings))


def history_kept(settings: ServiceSettings) -> timedelta:
    """For how long runs are kept."""
    return timedelta(days=own_settings(settings).task_history_days)


async def task_story(runtime: HttpRuntime, session: ReadSession, message_id: UUID) -> TaskStory:
    """One message, as all know it."""
    stories = TaskStories(TaskRunReader(session), watch(runtime).owners, runtime.clock)
    return await stories.tell(message_id, history_kept(runtime.settings))


async def queues(runtime: Runtime, session: ReadSession, in_broker: InBroker | None = None) -> QueuesOut:
    """All lanes as they are now. in_broker: what has been looked at already."""
    watching, at = watch(runtime), runtime.clock()
    answers = await watching.owners.ask(lanes.PATH, LaneList)
    found = in_broker or await watching.in_broker.look()
    in_hand = await WorkerReader(session).in_hand(at - timedelta(seconds=SILENT_S))
    done = await StatisticsReader(session).messages_by_lane(at - realtime.OVER, at)
    return lanes.survey(answers, found, in_hand, done, at)


async def workers(runtime: Runtime, session: ReadSession, in_broker: InBroker | None = None) -> WorkersOut:
    """All workers as they are now."""
    at, statistics = runtime.clock(), StatisticsReader(session)
    found = in_broker or await watch(runtime).in_broker.look()
    heard = await statistics.heard(at, at)
    counts = await statistics.counts(at - timedelta(days=1), at, HOUR_S)
    usual = {one.name: p99 for one in counts if (p99 := percentile(one.ran, 0.99)) is not None}
    survey = WorkerSurvey(at, found, usual, is_deaf=is_deaf(heard.until, at))
    return survey.all(await WorkerReader(session).all(), heard.until)


async def schedule_slots(runtime: Runtime) -> SchedulesOut:
    """All schedule entries as they are now."""
    return slots.survey(await watch(runtime).owners.ask(slots.PATH, ScheduleList), runtime.clock())


async def system_health(runtime: HttpRuntime) -> HealthOut:
    """All parts, with the time since when each is so, where the database tells it."""
    return await watch(runtime).health.look()


async def realtime_now(runtime: Runtime, session: ReadSession) -> RealtimeOut:
    """The figures of this moment."""
    found = await watch(runtime).in_broker.look()
    waiting, fleet = await queues(runtime, session, found), await workers(runtime, session, found)
    return await realtime.now(StatisticsReader(session), waiting, fleet, runtime.clock())


async def realtime_series(runtime: Runtime, session: ReadSession, points: int) -> RealtimeSeriesOut:
    """The figures of this moment, and those that were kept."""
    return RealtimeSeriesOut(now=await realtime_now(runtime, session), before=(await series(session, "realtime", points)).items)


async def series(session: ReadSession, kind: Kind, points: int) -> SeriesOut:
    """Moments that were kept."""
    kept = await SnapshotReader(session).newest(kind, points)
    return SeriesOut(items=[SeriesPoint(at=one.at, body=one.body) for one in kept])


async def dashboard(session: ReadSession) -> DashboardOut:
    """The one that was made last."""
    kept = await SnapshotReader(session).newest("dashboard")
    return (
        DashboardOut.model_validate(kept[0].body) if kept else DashboardOut(at=None, hours=[], busiest=[], failing=[], slowest=[])
    )
