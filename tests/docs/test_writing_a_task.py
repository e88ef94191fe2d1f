"""The examples of docs/writing-a-task.md do what the page says; test_examples.py holds page and code together."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from docs.examples import inspections
from docs.examples.inspections import defect_tasks, schedules, tasks
from docs.examples.inspections.contracts import (
    PruneInspections,
    RecordInspection,
    RecordOdometer,
    RemindOfInspections,
    ReportDefect,
)
from docs.examples.inspections.settings import InspectionSettings
from shared.contracts.message import Message
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Database
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.inbox.handlers import Handler
from shared.runtime.process import ProcessRuntime
from shared.runtime.schedule import fire_due_slots
from shared.runtime.tasks import MessageTask
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from tests.docs.garage import GarageStandIn, running_garage

pytestmark = pytest.mark.commits

TABLES: Final = (Path(inspections.__file__).parent / "tables.sql").read_text()
VEHICLE: Final = UUID(int=7)
NINE: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def service() -> str:
    return "trips"


@pytest.fixture
def garage() -> Iterator[GarageStandIn]:
    with running_garage() as stand_in:
        yield stand_in


@pytest.fixture
def settings(settings: HttpSettings, garage: GarageStandIn) -> InspectionSettings:
    return InspectionSettings(
        database_url=settings.database_url, redis_url=settings.redis_url, garage_url=garage.url, auth_jwks=settings.auth_jwks
    )


@pytest_asyncio.fixture
async def owner(owner: asyncpg.Connection) -> asyncpg.Connection:
    """As the fixture of shared.testing, with the examples' tables made."""
    await owner.execute(TABLES)
    return owner


@pytest.fixture
def run_task(worker_runtime: ProcessRuntime) -> TaskRunner:
    """As the fixture of shared.testing, with the examples' handlers."""

    def handler_of(message_type: type[Message]) -> Handler:
        declared = [*vars(tasks).values(), *vars(defect_tasks).values()]
        return next(one.handler for one in declared if isinstance(one, MessageTask) and one.message_type is message_type)

    return TaskRunner(worker_runtime, handler_of)


async def test_inspection_with_a_defect_is_written_and_reported_once(
    run_task: TaskRunner, app_database: Database, owner: asyncpg.Connection
) -> None:
    message = RecordInspection(vehicle_id=VEHICLE, inspected_at=NINE, defect="brakes")
    message_id = uuid7()

    first = await run_task(message, ids=[message_id])
    again = await run_task(message, ids=[message_id])

    assert (first.outcome, first.carried_out) == ("done", True)
    assert (again.outcome, again.carried_out) == ("done", False)
    assert await owner.fetch("SELECT id, defect FROM inspections") == [(message_id, "brakes")]
    await assert_published(app_database, ReportDefect, inspection_id=message_id)


@pytest.mark.usefixtures("owner")
async def test_inspection_without_a_defect_reports_nothing(run_task: TaskRunner, app_database: Database) -> None:
    await run_task(RecordInspection(vehicle_id=VEHICLE, inspected_at=NINE))

    await assert_nothing_published(app_database)


async def test_newest_odometer_reading_of_a_batch_is_kept(run_task: TaskRunner, owner: asyncpg.Connection) -> None:
    readings = [
        RecordOdometer(vehicle_id=VEHICLE, read_at=NINE + timedelta(minutes=minutes), distance_m=1000 * minutes)
        for minutes in (1, 3, 2)
    ]
    message_ids = [uuid7() for _ in readings]

    handled = await run_task.run(readings, ids=message_ids)
    again = await run_task.run(readings, ids=message_ids, redelivered=True)
    late = await run_task(RecordOdometer(vehicle_id=VEHICLE, read_at=NINE, distance_m=1))

    assert [one.outcome for one in (*handled, late)] == ["done"] * 4
    assert [one.carried_out for one in again] == [False] * 3
    assert await owner.fetchval("SELECT distance_m FROM odometers") == 3000


@pytest_asyncio.fixture
async def defect(owner: asyncpg.Connection) -> ReportDefect:
    """A defect to report."""
    row = "INSERT INTO inspections VALUES ($1, $1, $2, 'brakes')"
    await owner.execute(row, VEHICLE, NINE)
    return ReportDefect(inspection_id=VEHICLE)


async def test_defect_is_reported_once_under_the_messages_id(
    run_task: TaskRunner, defect: ReportDefect, garage: GarageStandIn, owner: asyncpg.Connection
) -> None:
    message_id = uuid7()

    handled = await run_task(defect, ids=[message_id])
    again = await run_task(defect, ids=[message_id], redelivered=True)

    assert (handled.outcome, again.outcome, again.carried_out) == ("done", "done", False)
    assert garage.orders == {str(message_id): {"inspection": str(VEHICLE), "defect": "brakes"}}
    assert (garage.asked, await owner.fetchval("SELECT garage_reference FROM defect_reports")) == (1, "G-0")


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "kept_as"),
    [(503, {"Retry-After": "120"}, "retry", "attempted"), (500, {}, "retry", "attempted"), (422, {}, "dead", "failed")],
)
async def test_garages_answer_decides_what_becomes_of_a_report(
    run_task: TaskRunner,
    defect: ReportDefect,
    garage: GarageStandIn,
    owner: asyncpg.Connection,
    status: int,
    headers: dict[str, str],
    outcome: str,
    kept_as: str,
) -> None:
    garage.status, garage.headers = status, headers

    handled = await run_task(defect)

    assert (handled.outcome, handled.error) == (outcome, f"the garage said {status}")
    assert (garage.orders, await owner.fetchval("SELECT status FROM defect_reports")) == ({}, kept_as)


async def test_report_waits_as_long_as_the_garage_asks(
    run_task: TaskRunner, defect: ReportDefect, garage: GarageStandIn, owner: asyncpg.Connection
) -> None:
    garage.status, garage.headers = 503, {"Retry-After": "120"}

    await run_task(defect)

    assert await owner.fetchval("SELECT due_at - now() > interval '100 s' FROM inbox")


@pytest.mark.usefixtures("owner")
async def test_report_of_a_deleted_inspection_is_dropped(run_task: TaskRunner, garage: GarageStandIn) -> None:
    handled = await run_task(ReportDefect(inspection_id=uuid7()))

    assert (handled.outcome, handled.error, garage.asked) == (
        "dropped",
        "the inspection has been deleted, or has no defect",
        0,
    )


async def test_entry_fires_each_slot_once_with_the_slot_in_its_payload(app_database: Database) -> None:
    # 2:30 in Kolkata is 21:00 UTC.
    slot = datetime(2026, 3, 2, 21, tzinfo=UTC)
    entries = [entry for entry in schedules.ENTRIES if entry.name == "prune-inspections"]
    fired = []
    for now in (slot - timedelta(hours=1), slot, slot + timedelta(seconds=1)):
        async with app_database.unit_of_work() as session:
            fired.append(await fire_due_slots(session, entries, now))

    assert fired == [0, 1, 0]
    await assert_published(app_database, PruneInspections, slot=slot)


async def test_inspections_of_two_years_ago_are_deleted(run_task: TaskRunner, owner: asyncpg.Connection) -> None:
    ages = {UUID(int=1): timedelta(days=731), UUID(int=2): timedelta(days=729)}
    row = "INSERT INTO inspections VALUES ($1, $1, $2)"
    await owner.executemany(row, [(key, NINE - age) for key, age in ages.items()])

    for _ in range(2):
        assert (await run_task(PruneInspections(slot=NINE))).outcome == "done"

    assert [row["id"] for row in await owner.fetch("SELECT id FROM inspections")] == [UUID(int=2)]


async def test_owner_is_written_to_when_a_vehicles_own_period_has_run_out(
    run_task: TaskRunner, app_database: Database, owner: asyncpg.Connection
) -> None:
    row = "INSERT INTO inspected_vehicles VALUES ($1, $2, $3, $4)"
    await owner.execute(row, VEHICLE, "due@example.com", 90, NINE - timedelta(minutes=3))
    await owner.execute(row, UUID(int=8), "later@example.com", 30, NINE + timedelta(minutes=3))

    for _ in range(2):
        assert (await run_task(RemindOfInspections(slot=NINE))).outcome == "done"

    assert len(await published(app_database, SendEmail)) == 1
    email = await assert_published(app_database, SendEmail, to_email="due@example.com")
    assert (email.subject_key, email.valid_until) == (f"trips.vehicle:{VEHICLE}", NINE + timedelta(days=7))
    assert await owner.fetchval("SELECT next_inspection_at FROM inspected_vehicles WHERE id = $1", VEHICLE) == NINE + timedelta(
        days=90
    )
