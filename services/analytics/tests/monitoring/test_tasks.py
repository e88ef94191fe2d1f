"""What monitoring does by the clock. Whatever is carried out twice has been seen once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.analytics.tests.task_runs.arrange import mail, write
from shared.contracts.analytics import (
    CheckSystemHealth,
    CleanupDeadTasks,
    CollectPerformanceMetrics,
    UpdateDashboardMetrics,
    UpdateRealtimeMetrics,
)
from shared.contracts.message import Message
from shared.runtime.broker import slots_key
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner


async def rows(session: Session, query: str, **bound: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(text(query), bound)]


@pytest.mark.parametrize(
    ("message_type", "kind"),
    [
        (UpdateRealtimeMetrics, "realtime"),
        (CollectPerformanceMetrics, "performance"),
        (UpdateDashboardMetrics, "dashboard"),
        (CleanupDeadTasks, "clean_up"),
    ],
)
async def test_a_slot_that_is_carried_out_twice_is_one_moment(
    session: Session, run_task: TaskRunner, clock: FrozenClock, message_type: type[Message], kind: str
) -> None:
    slot = clock() - timedelta(minutes=1)
    await write(session, clock, mail(slot, "done", "failed", ran_s=0.2))

    outcomes = [(await run_task(message_type.model_validate({"slot": slot}))).outcome for _ in range(2)]

    assert outcomes == ["done", "done"]
    assert await rows(session, "SELECT kind, at FROM monitoring_snapshots") == [(kind, slot)]


async def test_health_that_is_checked_twice_keeps_the_time_since_when_it_is_so(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    first = clock()
    for slot in (first, first, first + timedelta(minutes=2)):
        assert (await run_task(CheckSystemHealth(slot=slot))).outcome == "done"

    found = {row[0]: row[1:] for row in await rows(session, "SELECT component, status, since, checked_at FROM component_health")}
    later = first + timedelta(minutes=2)
    assert found["broker"] == ("ok", first, later)
    assert found["service:payments"] == ("down", first, later)
    assert found["collector"] == ("down", first, later)


async def test_the_figures_that_are_kept_are_those_of_the_workers(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    slot = clock()
    await write(session, clock, mail(slot - timedelta(minutes=1), "done", "failed", ran_s=0.2))

    await run_task(UpdateRealtimeMetrics(slot=slot))
    await run_task(UpdateDashboardMetrics(slot=slot + timedelta(minutes=1)))
    await run_task(CollectPerformanceMetrics(slot=slot))

    bodies = dict(await rows(session, "SELECT kind, body FROM monitoring_snapshots"))
    assert (bodies["realtime"]["failed_share"], bodies["realtime"]["workers"]) == (0.5, {"up": 1})
    assert bodies["realtime"]["is_complete"] is False
    assert [(hour["done"], hour["failed"]) for hour in bodies["dashboard"]["hours"]] == [(1, 1)]
    assert bodies["dashboard"]["failing"] == [{"name": "notifications.send_email", "figure": 0.5}]
    assert bodies["performance"]["workers"]["notifications@two"]["state"] == "up"
    assert bodies["performance"]["broker"]["used_bytes"] > 0


async def test_old_history_goes_day_by_day_and_the_next_days_are_made(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    now: datetime = clock()
    await write(session, clock, mail(now, "done"))
    stale = {"then": now - timedelta(days=3), "long_ago": now - timedelta(days=2)}
    await session.execute(text("UPDATE task_stats SET begins_at = :then WHERE span_s = 60"), {"then": stale["then"]})
    await session.execute(text("UPDATE workers SET seen_at = :long_ago"), {"long_ago": stale["long_ago"]})

    for _ in range(2):
        assert (await run_task(CleanupDeadTasks(slot=now))).outcome == "done"

    [(first, last)] = await rows(session, "SELECT min(day), max(day) FROM task_run_days()")
    assert (first, last) == ((now - timedelta(days=7)).date(), (now + timedelta(days=3)).date())
    assert await rows(session, "SELECT span_s FROM task_stats") == [(3600,)]
    assert await rows(session, "SELECT count(*) FROM workers") == [(0,)]
    assert await rows(session, "SELECT count(*) FROM task_runs") == [(1,)]


async def test_what_nobody_owns_in_the_broker_goes_and_what_somebody_may_own_stays(
    session: Session, run_task: TaskRunner, clock: FrozenClock, redis: Redis
) -> None:
    await redis.set("celery-task-meta-endless", "{}")
    await redis.set("celery-task-meta-kept", "{}", ex=600)
    await redis.lpush("a.reply.celery.pidbox", "reply")
    soon = clock().timestamp() + 3600
    await redis.zadd(slots_key("alerts.default"), {"gone=1": 1.0, "alive=1": soon})
    await redis.zadd(slots_key("alerts.of_old"), {"gone=1": soon})
    await redis.hset("unacked:trips:normal", "tag", "delivery")
    await redis.hset("unacked:alerts:all", "tag", "delivery")

    await run_task(CleanupDeadTasks(slot=clock()))
    await run_task(CleanupDeadTasks(slot=clock()))
    assert sorted(await redis.keys()) == [
        b"a.reply.celery.pidbox",
        b"celery-task-meta-kept",
        b"slots:alerts.default",
        b"unacked:alerts:all",
        b"unacked:trips:normal",
    ]
    assert await redis.zrange("slots:alerts.default", 0, -1) == [b"alive=1"]
    # Whoever had asked for this reply has gone by the next hour.
    await run_task(CleanupDeadTasks(slot=clock() + timedelta(hours=1)))
    assert not await redis.exists("a.reply.celery.pidbox")

    [(body,)] = await rows(session, "SELECT body FROM monitoring_snapshots ORDER BY at DESC LIMIT 1")
    assert (body["reply_boxes"], body["orphaned"]) == (1, {"unacked:trips:normal": 1})
