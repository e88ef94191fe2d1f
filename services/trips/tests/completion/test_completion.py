"""Completion: each step once, whatever runs again; what waits goes on; what fails for good is handed to people."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.exc import DBAPIError

from services.trips import deps
from services.trips.positions.geodesy import metres_between
from services.trips.tests.fleet import CUSTOMER, OURS, Fleet, code, rows
from shared.contracts.money import Money
from shared.contracts.notifications import SendNotification
from shared.contracts.payments import GenerateInvoice, InvoiceIssued
from shared.contracts.trips import ProcessTripCompletion, TripCompleted
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.locks import WAITING
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.wait import eventually

RIDE = timedelta(minutes=40)
WAIT = timedelta(minutes=10)
PASSENGER = "payments.customer:019a9f5e-1b00-7e21-b7c4-90ab12cd34f1"


async def drive(fleet: Fleet, clock: FrozenClock, **fields: Any) -> str:
    """A trip that is completed: ten minutes of waiting and forty on the road."""
    trip_id = await fleet.assigned(passenger=PASSENGER, **fields)
    await fleet.drive(trip_id, "at_pickup")
    clock.advance(WAIT)
    await fleet.step(trip_id, "onboard")
    clock.advance(RIDE)
    await fleet.step(trip_id, "at_dropoff")
    await fleet.step(trip_id, "completed")
    return trip_id


async def steps_of(fleet: Fleet, trip_id: str) -> dict[str, str]:
    """The status of each step, in their order."""
    return {one["step"]: one["status"] for one in (await fleet.ok("GET", f"/v1/trips/{trip_id}/completion"))["steps"]}


def issued(for_trip: str, **fields: Any) -> InvoiceIssued:
    """Payments' word."""
    usual = {
        "invoice_id": UUID(int=1),
        "organization_id": OURS,
        "number": "INV/2526/00001",
        "total": Money(amount_minor=50_000, currency="INR"),
        "issued_at": MONDAY_MORNING + timedelta(hours=1),
        "trip_id": UUID(for_trip),
    }
    return InvoiceIssued.model_validate(usual | fields)


@pytest_asyncio.fixture
async def done(fleet: Fleet, clock: FrozenClock) -> str:
    """A trip that has been driven, for a customer."""
    return await drive(fleet, clock)


async def test_a_completed_trip_is_worked_off_once_though_it_runs_twice(
    done: str, fleet: Fleet, session: Session, run_task: TaskRunner
) -> None:
    (message,) = await published(session, ProcessTripCompletion)
    key = uuid7()
    for _ in range(2):
        await run_task.run([message], ids=[key])
    await run_task(message)

    facts = await assert_published(session, TripCompleted, trip_id=UUID(done))
    assert (facts.customer, facts.mobility, facts.entity_version) == (CUSTOMER, "ambulatory", 9)
    assert (facts.duration_s, facts.waiting_s) == (3000, 600)
    assert facts.completed_at == MONDAY_MORNING + WAIT + RIDE
    await assert_published(session, GenerateInvoice, trip_id=UUID(done))
    told = await assert_published(session, SendNotification, to_person=PASSENGER)
    assert told.context["status"] == "completed"
    (assignment,) = await fleet.ok("GET", f"/v1/trips/{done}/assignments")
    assert assignment["status"] == "released"
    assert list((await steps_of(fleet, done)).values()) == ["done"] * 5 + ["waiting"]


async def test_the_invoice_ends_it_and_comes_twice_or_for_something_else_without_harm(
    done: str, fleet: Fleet, run_task: TaskRunner
) -> None:
    await run_task(ProcessTripCompletion(trip_id=UUID(done)))
    word, key = issued(done), uuid7()

    await run_task(issued(done, trip_id=None))
    await run_task(issued(done, organization_id=UUID(int=7)))
    before = (await fleet.ok("GET", f"/v1/trips/{done}/completion"))["status"]
    for _ in range(2):
        await run_task.run([word], ids=[key])
    await run_task(issued(done, invoice_id=UUID(int=2), number="INV/2526/00002"))

    shown = await fleet.ok("GET", f"/v1/trips/{done}/completion")
    assert (before, shown["status"], shown["invoice_number"]) == ("running", "done", "INV/2526/00001")
    assert set((await steps_of(fleet, done)).values()) == {"done"}


@pytest.mark.parametrize("onboard_at", ["2026-03-02T08:50:00Z", "2026-03-02T09:10:00Z"])
async def test_a_trip_whose_steps_were_written_out_of_order_is_worked_off_all_the_same(
    fleet: Fleet, session: Session, run_task: TaskRunner, onboard_at: str
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "onboard")
    written = "UPDATE trips SET onboard_at = CAST(CAST(:at AS text) AS timestamptz), version = version + 1 RETURNING 1"
    await rows(session, written, at=onboard_at)
    for status in ("at_dropoff", "completed"):
        await fleet.step(trip_id, status)

    assert (await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))).outcome == "done"
    facts = await assert_published(session, TripCompleted, trip_id=UUID(trip_id))
    assert (facts.duration_s, facts.waiting_s) == (0, 0)


async def test_nobody_is_billed_for_a_trip_without_a_customer(
    fleet: Fleet, clock: FrozenClock, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await drive(fleet, clock, customer=None)
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))

    steps = await steps_of(fleet, trip_id)
    assert (steps["invoice_requested"], steps["invoice_confirmed"]) == ("skipped", "skipped")
    assert (await fleet.ok("GET", f"/v1/trips/{trip_id}/completion"))["status"] == "done"
    await assert_nothing_published(session, GenerateInvoice)
    await assert_published(session, TripCompleted, customer=None)


async def test_without_a_distance_the_driver_is_free_and_billing_waits_for_one(
    fleet: Fleet, clock: FrozenClock, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await drive(fleet, clock, dropoff={"label": "City Hospital"})
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))
    before = await steps_of(fleet, trip_id)
    await assert_nothing_published(session, TripCompleted, GenerateInvoice)

    await fleet.ok("PUT", f"/v1/trips/{trip_id}/mileage", json={"odometer_start_m": 1_000, "odometer_end_m": 19_400})

    assert list(before.values()) == ["waiting", "done", "pending", "pending", "done", "pending"]
    facts = await assert_published(session, TripCompleted, trip_id=UUID(trip_id))
    assert facts.distance_m == 18_400
    await assert_published(session, GenerateInvoice, trip_id=UUID(trip_id))
    assert len(await published(session, SendNotification)) == 1


async def test_the_best_record_wins_and_a_later_one_corrects_under_a_newer_version(
    fleet: Fleet, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned()
    path = f"/v1/trips/{trip_id}/mileage"
    early = await fleet.api.put(path, json={"distance_m": 1})
    await fleet.drive(trip_id, "completed")
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))
    for said in ({"distance_m": 9_000}, {"odometer_start_m": 0, "odometer_end_m": 8_000}, {"distance_m": 9_500}):
        await fleet.ok("PUT", path, json=said)

    facts = await published(session, TripCompleted)
    estimated = round(metres_between(19.0544, 72.8277, 19.0176, 72.8562) * 1.3)
    assert code(early) == (409, "trip_not_yet_driven")
    assert [(one.distance_m, one.entity_version) for one in facts] == [(estimated, 9), (9_000, 10), (8_000, 11)]
    shown = await fleet.ok("GET", f"/v1/trips/{trip_id}/completion")
    assert (shown["distance_source"], [one["source"] for one in shown["mileage"]]) == ("odometer", ["odometer", "operator"])
    assert len(await published(session, GenerateInvoice)) == 1


@pytest.mark.commits
async def test_a_mileage_that_comes_while_it_is_worked_off_is_not_lost(
    fleet: Fleet, clock: FrozenClock, database: Database, owner: "asyncpg.Connection[Any]"
) -> None:
    trip_id = await drive(fleet, clock)
    async with database.unit_of_work() as session:
        await deps.trip_completion(session).process(UUID(trip_id), clock())
        recording = asyncio.create_task(fleet.ok("PUT", f"/v1/trips/{trip_id}/mileage", json={"distance_m": 9_000}))
        await eventually(lambda: owner.fetchval(WAITING), message="the record does not wait for the trip")
    await recording

    shown = await fleet.ok("GET", f"/v1/trips/{trip_id}/completion")
    assert (shown["revision"], shown["distance_m"]) == (2, 9_000)


async def test_an_invoice_that_will_not_come_is_waived_with_a_reason(done: str, fleet: Fleet, run_task: TaskRunner) -> None:
    path = f"/v1/trips/{done}/completion"
    none_yet = await fleet.api.get(path)
    await run_task(ProcessTripCompletion(trip_id=UUID(done)))

    waived = await fleet.ok("POST", f"{path}/waive-invoice", json={"reason": "billed by hand"})
    again = await fleet.api.post(f"{path}/waive-invoice", json={"reason": "billed by hand"})

    assert (waived["status"], waived["steps"][5]["detail"]) == ("failed", "billed by hand")
    assert [code(none_yet), code(again)] == [(404, "completion_not_found"), (409, "invoice_settled")]


async def test_a_trip_that_is_not_completed_has_nothing_to_follow(fleet: Fleet, session: Session, run_task: TaskRunner) -> None:
    trip_id = await fleet.assigned()

    answers = [await run_task(ProcessTripCompletion(trip_id=one)) for one in (UUID(trip_id), UUID(int=3))]

    assert [(one.outcome, one.error_class) for one in answers] == [("dead", "TripNotCompleted")] * 2
    assert await rows(session, "SELECT 1 FROM trip_completions") == []


async def test_a_step_that_has_ended_is_nobodys_to_change(done: str, session: Session, run_task: TaskRunner) -> None:
    await run_task(ProcessTripCompletion(trip_id=UUID(done)))

    for statement in ("UPDATE trip_completion_steps SET attempts = 9", "DELETE FROM trip_completion_steps"):
        with pytest.raises(DBAPIError, match="it is done once"):
            async with session.begin_nested():
                await rows(session, f"{statement} WHERE step = 'released' RETURNING 1")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"distance_m": 1, "odometer_start_m": 1, "odometer_end_m": 2},
        {"odometer_start_m": 1},
        {"odometer_start_m": 2, "odometer_end_m": 1},
        {"distance_m": -1},
        {"distance_m": 1.5},
    ],
)
async def test_a_mileage_that_is_none_is_refused(fleet: Fleet, body: dict[str, Any]) -> None:
    answer = await fleet.api.put(f"/v1/trips/{UUID(int=1)}/mileage", json=body)

    assert code(answer) == (422, "invalid_request")


def test_the_straight_line_is_that_of_the_sphere() -> None:
    # A degree of the equator, and from pole to pole.
    assert round(metres_between(0, 0, 0, 1)) == 111_195
    assert round(metres_between(90, 0, -90, 0)) == 20_015_114
