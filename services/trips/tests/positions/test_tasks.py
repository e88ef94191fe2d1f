"""The task door to positions, and the clean-up: days go whole and on time, readers see 30 days to the second."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.trips.positions.days_repository import DaysReader, DaysRepository
from services.trips.tests.fleet import Fleet, rows
from services.trips.tests.positions.arrange import POSITIONS, point, reporter, update
from shared.contracts.trips import BroadcastGpsUpdate, CleanupOldGpsData
from shared.runtime.db import Session
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


async def test_broadcast_delivered_twice_is_kept_and_told_once(
    fleet: Fleet, run_task: TaskRunner, session: Session, redis: Redis
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    ids = [uuid4(), uuid4()]
    batch: list[BroadcastGpsUpdate] = [update(trip_id, -3), update(trip_id, -5)]
    handled = [await run_task.run(batch, ids=ids) for _ in range(2)]
    again = await run_task(update(trip_id, -3))

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


async def test_what_was_dropped_is_seen_for_thirty_days_to_the_second(
    fleet: Fleet, client: ApiClient, clock: FrozenClock
) -> None:
    api, _ = await reporter(fleet, client)
    await api.post(POSITIONS, json=point(0, accuracy_m=900))
    seen = []
    for seconds in (0, 1):
        clock.set(MONDAY_MORNING + timedelta(days=30, seconds=seconds))
        seen.append(len((await fleet.ok("GET", f"{POSITIONS}/drops"))["items"]))

    assert seen == [1, 0]


async def test_clean_up_that_runs_twice_forgets_where_a_vehicle_was_that_reports_no_more(
    fleet: Fleet, client: ApiClient, run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    api, _ = await reporter(fleet, client)
    await api.post(POSITIONS, json=point(0))
    left = []
    for seconds in (0, 1, 2):
        clock.set(MONDAY_MORNING + timedelta(days=30, seconds=seconds))
        await run_task(CleanupOldGpsData(slot=clock()))
        left.append((await session.execute(text("SELECT count(*) FROM latest_positions"))).scalar_one())

    assert left == [1, 0, 0]


async def test_a_day_that_is_not_over_is_not_dropped(session: Session) -> None:
    await DaysRepository(session).make(date(2026, 3, 1), date(2026, 3, 1))
    with pytest.raises(Exception, match="is not over"):
        await session.execute(text("SELECT drop_position_day('2026-03-01', '2026-03-01 23:59+00', now())"))


async def test_clean_up_that_runs_twice_keeps_the_points_of_a_dropped_day_where_archives_go(
    fleet: Fleet, client: ApiClient, run_task: TaskRunner, worker_runtime: ProcessRuntime, clock: FrozenClock, tmp_path: Path
) -> None:
    api, vehicle_id = await reporter(fleet, client)
    await api.post(f"{POSITIONS}/batch", json=[point(24 * 3600), point(9 * 3600 + 1), point(0)])
    clock.set(datetime(2026, 4, 1, 0, 5, tzinfo=UTC))
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": tmp_path})
    handled = [await run_task(CleanupOldGpsData(slot=clock())) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    kept = rows_of(tmp_path / "trips" / "positions_20260301.parquet")
    assert [row["vehicle_id"] for row in kept] == [str(vehicle_id)] * 2
    assert sorted(row["recorded_at"] for row in kept) == [
        MONDAY_MORNING - timedelta(hours=24),
        MONDAY_MORNING - timedelta(hours=9, seconds=1),
    ]
