"""The task door to positions, and the clean-up: days go whole and on time, readers see 30 days to the second."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.trips.positions.days_repository import DaysReader, DaysRepository
from services.trips.tests.fleet import Fleet, rows
from services.trips.tests.positions.arrange import HERE, POSITIONS, ago, point, reporter
from shared.contracts.trips import BroadcastGpsUpdate, CleanupOldGpsData
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


def update(trip_id: str, seconds_ago: int = 0, **fields: Any) -> BroadcastGpsUpdate:
    """A message about a trip."""
    usual = {"latitude": HERE[0], "longitude": HERE[1], "speed": 36, "heading": 180, "recorded_at": ago(seconds=seconds_ago)}
    return BroadcastGpsUpdate.model_validate({"trip_id": trip_id} | usual | fields)


async def test_broadcast_delivered_twice_is_kept_and_told_once(
    fleet: Fleet, run_task: TaskRunner, session: Session, redis: Redis
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    ids = [uuid4(), uuid4()]
    batch = [update(trip_id, 5), update(trip_id, 3)]
    handled = [await run_task.run(batch, ids=ids) for _ in range(2)]
    again = await run_task(update(trip_id, 5))

    assert [one.outcome for one in (*handled[0], *handled[1], again)] == ["done"] * 5
    kept = await rows(session, "SELECT trip_id, round(speed_mps::numeric, 1)::float8, heading_deg, source FROM positions")
    assert kept == [(UUID(trip_id), 10.0, 180.0, "task")] * 2
    assert await redis.xlen(f"live:trips:trip:{trip_id}") == 1


async def test_broadcast_that_can_be_about_nothing_is_not_kept(fleet: Fleet, run_task: TaskRunner, session: Session) -> None:
    ended, nobodys = await fleet.assigned(), await fleet.scheduled(15)
    await fleet.drive(ended, "completed")
    handled = [await run_task(one) for one in (update(str(uuid4())), update(nobodys), update(ended, -5))]

    assert [one.outcome for one in handled] == ["dead", "dropped", "dropped"]
    assert await rows(session, "SELECT count(*) FROM positions") == [(0,)]
    assert await rows(session, "SELECT reason, points FROM position_drops") == [("trip_ended", 1)]


async def test_clean_up_that_runs_twice_drops_each_day_once_and_notes_it(
    fleet: Fleet, client: ApiClient, run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    api, vehicle_id = await reporter(fleet, client)
    await api.post(f"{POSITIONS}/batch", json=[point(24 * 3600), point(9 * 3600 + 1), point(0)])
    clock.set(datetime(2026, 4, 1, 0, 5, tzinfo=UTC))
    at_five_past = CleanupOldGpsData(slot=clock())
    handled = [await run_task(at_five_past) for _ in range(2)]
    ledger = await DaysReader(session).ledger(10)
    days = await DaysRepository(session).days()

    assert [one.outcome for one in handled] == ["done", "done"]
    assert [(row.day, row.points, row.cut_off) for row in ledger] == [(date(2026, 3, 1), 2, clock() - timedelta(days=30))]
    assert days == [date(2026, 3, 2), *(date(2026, 4, day) for day in range(1, 5))]
    assert len((await fleet.ok("GET", f"/v1/vehicles/{vehicle_id}/positions"))["items"]) == 1


async def test_readers_see_thirty_days_to_the_second(fleet: Fleet, client: ApiClient, clock: FrozenClock) -> None:
    api, vehicle_id = await reporter(fleet, client)
    await api.post(POSITIONS, json=point(0))
    seen = []
    for seconds in (0, 1):
        clock.set(MONDAY_MORNING + timedelta(days=30, seconds=seconds))
        track = await fleet.ok("GET", f"/v1/vehicles/{vehicle_id}/positions")
        seen.append((len(track["items"]), len(await fleet.ok("GET", f"{POSITIONS}/latest"))))
    late = await api.post(POSITIONS, json=point(0))

    assert seen == [(1, 1), (0, 0)]
    assert late.json()["reason"] == "past"


async def test_a_day_that_is_not_over_is_not_dropped(session: Session) -> None:
    await DaysRepository(session).make(date(2026, 3, 1), date(2026, 3, 1))
    with pytest.raises(Exception, match="is not over"):
        await session.execute(text("SELECT drop_position_day('2026-03-01', '2026-03-01 23:59+00', now())"))
