"""The collector on a real broker and a real database: what is heard is written, once, whatever goes away meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.analytics.task_events.collection import Collector
from services.analytics.task_events.intake import Intake
from services.analytics.tests.task_events.events import HOST, batch, heartbeat, presence, published
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.testing.wait import eventually

pytestmark = pytest.mark.commits
DISK = {"mount": "/var/backups", "holds": "BACKUP_DIR", "used_share": 0.97, "free_bytes": 3_000_000}
CHANNEL = "/0.celeryev/waybill.batch"


@asynccontextmanager
async def collecting(redis: Redis, database: Database, **limits: Any) -> AsyncIterator[Collector]:
    """A collector that hears."""
    collector = Collector(redis, database.unit_of_work, Intake(system_clock, **limits), system_clock, factor=0.1)
    stop = asyncio.Event()
    task = asyncio.create_task(collector.run(stop))
    try:
        await asyncio.wait_for(collector.listens.wait(), 10)
        yield collector
    finally:
        stop.set()
        await task


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.read() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_what_workers_tell_is_written_with_its_counts(redis: Redis, database: Database) -> None:
    now = system_clock()
    async with collecting(redis, database):
        await redis.publish(CHANNEL, published(batch(now, "done", "failed"), batch(now, "done")))
        await redis.publish(CHANNEL, published(presence(now, disks=[DISK])))
        await redis.publish(CHANNEL, published(heartbeat(now)))

    assert await rows(database, "SELECT state, count(*) FROM task_runs GROUP BY 1 ORDER BY 1") == [("done", 2), ("failed", 1)]
    counted = "SELECT span_s, done, failed, deliveries, (ran ->> '-14')::int FROM task_stats ORDER BY 1"
    assert await rows(database, counted) == [(60, 2, 1, 2, 2), (3600, 2, 1, 2, 2)]
    assert await rows(database, "SELECT hostname, service, slots, pid, processed, disks, stopped_at FROM workers") == [
        (HOST, "payments", 2, 4711, 10, [DISK], None)
    ]
    assert await rows(database, "SELECT count(*) FROM task_history_gaps") == [(0,)]


async def test_counts_of_later_writes_are_added_up(redis: Redis, database: Database) -> None:
    minute = system_clock().replace(second=0, microsecond=0)
    async with collecting(redis, database):
        for number in range(1, 4):
            await redis.publish(CHANNEL, published(batch(minute, "done")))

            async def written(so_many: int = number) -> bool:
                return await rows(database, "SELECT count(*) FROM task_runs") == [(so_many,)]

            await eventually(written, 10)

    assert await rows(database, "SELECT done, waited FROM task_stats WHERE span_s = 60") == [(3, {"-28": 3})]


async def test_two_collectors_write_everything_once(redis: Redis, database: Database) -> None:
    async with collecting(redis, database) as one, collecting(redis, database) as other:
        await eventually(lambda: one.holds != other.holds, 10)
        await redis.publish(CHANNEL, published(*(batch(system_clock(), "done") for _ in range(20))))

    assert await rows(database, "SELECT count(*), count(DISTINCT id) FROM task_runs") == [(20, 20)]


async def test_the_time_in_which_nobody_heard_is_noted(redis: Redis, database: Database) -> None:
    async with collecting(redis, database):
        pass
    async with database.unit_of_work() as session:
        await session.execute(text("UPDATE collector SET heard_until = heard_until - interval '1 hour'"))
    async with collecting(redis, database) as second:
        await eventually(lambda: second.holds, 10)

    [(seconds, reason, dropped)] = await rows(
        database, "SELECT extract(epoch FROM ended_at - began_at)::int, reason, dropped FROM task_history_gaps"
    )
    assert (3600 <= seconds < 3700, reason, dropped) == (True, "no_collector", None)


async def test_a_lost_connection_is_made_again_and_its_gap_noted(redis: Redis, database: Database) -> None:
    async with collecting(redis, database) as collector:
        await redis.client_kill_filter(_type="pubsub")
        await eventually(lambda: not collector.listens.is_set(), 10)
        await asyncio.wait_for(collector.listens.wait(), 10)
        await redis.publish(CHANNEL, published(batch(system_clock(), "done")))

    assert await rows(database, "SELECT reason FROM task_history_gaps") == [("broker_away",)]
    assert await rows(database, "SELECT count(*) FROM task_runs") == [(1,)]


async def test_what_the_database_could_not_take_is_written_when_it_is_back(redis: Redis, database: Database) -> None:
    waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with collecting(redis, database) as collector:
        await eventually(lambda: collector.holds, 10)
        async with database.engine.begin() as blocking:
            await blocking.execute(text("LOCK TABLE collector IN EXCLUSIVE MODE"))
            await redis.publish(CHANNEL, published(batch(system_clock(), "done", "done")))

            async def cut_off() -> bool:
                await rows(database, f"SELECT pg_terminate_backend(pid) {waiting}")
                return not collector.holds

            await eventually(cut_off, 10)

    assert await rows(database, "SELECT count(*) FROM task_runs") == [(2,)]


async def test_events_of_a_time_without_partition_go_where_they_were_heard(redis: Redis, database: Database) -> None:
    async with collecting(redis, database):
        await redis.publish(CHANNEL, published(batch(system_clock() + timedelta(days=40), "done")))

    assert await rows(database, "SELECT now() - finished_at < interval '1 minute' FROM task_runs") == [(True,)]
