"""How the monitoring's tasks and the collector are put together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from services.analytics import monitoring_deps
from services.analytics.own_work import OwnWork
from services.analytics.realtime import service as realtime
from services.analytics.settings import AnalyticsSettings
from services.analytics.task_events.collection import Collector
from services.analytics.task_events.intake import Intake
from services.analytics.task_runs.repository import StatisticsReader
from services.analytics.upkeep.leftovers import Leftovers
from services.analytics.upkeep.service import DeadTasks
from shared.contracts.analytics import (
    CheckSystemHealth,
    CleanupDeadTasks,
    CollectPerformanceMetrics,
    UpdateDashboardMetrics,
    UpdateRealtimeMetrics,
)
from shared.runtime import broker
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.process import ProcessRuntime

logger = logging.getLogger(__name__)

RESTART_S: Final = 1.0
STOP_S: Final = 10.0


async def collect(settings: AnalyticsSettings, stop: asyncio.Event, clock: Clock = system_clock) -> None:
    """Run a collector with connections of its own until `stop` is set."""
    name = "analytics-collector"
    database = Database(settings.database_url.get_secret_value(), name=name, pool_size=2)
    # What a worker says every two seconds keeps the connection busy; silence for longer is a connection that is gone.
    client = broker.connect(settings.monitor_url, name=name, timeout_s=10.0)
    try:
        beat = settings.heartbeat_file.touch if settings.heartbeat_file is not None else None
        intake, factor = Intake(clock), settings.time_factor
        collector = Collector(client, database.unit_of_work, intake, clock, factor=factor, beat=beat)
        await collector.run(stop)
    finally:
        await client.aclose()
        await database.close()


@asynccontextmanager
async def kept_collector(runtime: HttpRuntime) -> AsyncIterator[None]:
    """Run the collector beside the requests where COLLECTOR_IN_API asks for it."""
    settings = monitoring_deps.own_settings(runtime.settings)
    if not settings.collector_in_api:
        yield
        return
    stop = asyncio.Event()
    task = asyncio.create_task(_keep_collecting(settings, stop), name="collector")
    try:
        yield
    finally:
        stop.set()
        done, _ = await asyncio.wait([task], timeout=STOP_S)
        if not done:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep_collecting(settings: AnalyticsSettings, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await collect(settings, stop)
        except Exception:
            logger.exception("collector_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.scaled(RESTART_S))


def health_check(runtime: ProcessRuntime) -> OwnWork[CheckSystemHealth]:
    """The effect of `analytics.check_system_health`."""

    async def take(slot: datetime) -> None:
        await monitoring_deps.watch(runtime).health.keep(slot, runtime.database.unit_of_work)

    return OwnWork(lambda asked: take(asked.slot or runtime.clock()), monitoring_deps.closing(runtime))


def realtime_metrics(runtime: ProcessRuntime) -> OwnWork[UpdateRealtimeMetrics]:
    """The effect of `analytics.update_realtime_metrics`."""

    async def take(slot: datetime) -> None:
        async with runtime.database.read() as session:
            found = await monitoring_deps.realtime_now(runtime, session)
        await realtime.keep(runtime.database.unit_of_work, "realtime", slot, found.model_dump(mode="json"))

    return OwnWork(lambda asked: take(asked.slot or runtime.clock()), monitoring_deps.closing(runtime))


def performance_metrics(runtime: ProcessRuntime) -> OwnWork[CollectPerformanceMetrics]:
    """The effect of `analytics.collect_performance_metrics`."""

    async def take(slot: datetime) -> None:
        watching = monitoring_deps.watch(runtime)
        in_broker, memory = await watching.in_broker.look(), await realtime.memory_of(watching.client)
        async with runtime.database.read() as session:
            queues = await monitoring_deps.queues(runtime, session, in_broker)
            workers = await monitoring_deps.workers(runtime, session, in_broker)
        body = realtime.performance(queues, workers, memory)
        await realtime.keep(runtime.database.unit_of_work, "performance", slot, body)

    return OwnWork(lambda asked: take(asked.slot or runtime.clock()), monitoring_deps.closing(runtime))


def dashboard_metrics(runtime: ProcessRuntime) -> OwnWork[UpdateDashboardMetrics]:
    """The effect of `analytics.update_dashboard_metrics`."""

    async def take(slot: datetime) -> None:
        async with runtime.database.read() as session:
            found = await realtime.dashboard(StatisticsReader(session), slot)
        await realtime.keep(runtime.database.unit_of_work, "dashboard", slot, found.model_dump(mode="json"))

    return OwnWork(lambda asked: take(asked.slot or runtime.clock()))


def dead_tasks(runtime: ProcessRuntime) -> OwnWork[CleanupDeadTasks]:
    """The effect of `analytics.cleanup_dead_tasks`."""
    leftovers = Leftovers(monitoring_deps.watch(runtime).client)
    kept = monitoring_deps.history_kept(runtime.settings)
    cleaning = DeadTasks(runtime.database.unit_of_work, leftovers, kept, runtime.clock)
    return OwnWork(lambda asked: cleaning.clean(asked.slot or runtime.clock()), monitoring_deps.closing(runtime))
