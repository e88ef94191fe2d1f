"""Offers: accepted, declined, not answered, taken back; and never two at once for one driver or vehicle."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.exc import DBAPIError

from services.trips.dispatch.repository import AssignmentRepository
from services.trips.drivers.repository import DriverRepository
from services.trips.tests.fleet import Fleet, at, code, rows
from shared.contracts.notifications import CancelMessages, SendNotification, SendTripAssignmentNotification
from shared.contracts.trips import ExpireOffer
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.locks import WAITING
from shared.testing.messages import TaskRunner, assert_published, outbox_of, published
from shared.testing.wait import eventually

ANSWER_BY = MONDAY_MORNING + timedelta(minutes=5)


@pytest_asyncio.fixture
async def pair(fleet: Fleet) -> list[str]:
    """Two drivers, each with their own vehicle; the first one is asked first."""
    vehicles = [await fleet.vehicle(f"MH12AB000{number}") for number in range(2)]
    return [await fleet.driver(name=name, usual_vehicle_id=one) for name, one in zip(("Ravi", "Sita"), vehicles, strict=True)]


async def statuses(fleet: Fleet, trip_id: str) -> list[tuple[str, str]]:
    """(driver, status) of all offers of a trip, the oldest first."""
    found = await fleet.ok("GET", f"/v1/trips/{trip_id}/assignments")
    return [(one["driver_id"], one["status"]) for one in reversed(found)]


async def test_an_offer_tells_the_driver_and_ends_by_itself(fleet: Fleet, pair: list[str], session: Session) -> None:
    trip = await fleet.offer(await fleet.scheduled())
    offer = await assert_published(session, SendTripAssignmentNotification, to_person=f"trips.driver:{pair[0]}")

    assert (offer.trip_number, offer.pickup, offer.valid_until) == (trip["number"], "Home", ANSWER_BY)
    (end,) = [one for one in await outbox_of(session) if one.name == ExpireOffer.contract.name]
    assert end.due_at == ANSWER_BY
    accepted = await fleet.act(trip["id"], "offer/accept")
    assert (accepted.json()["status"], await statuses(fleet, trip["id"])) == ("accepted", [(pair[0], "accepted")])


async def test_who_declines_is_followed_by_the_next_until_there_is_none(fleet: Fleet, pair: list[str], session: Session) -> None:
    trip_id = await fleet.scheduled()
    await fleet.offer(trip_id)
    second = (await fleet.act(trip_id, "offer/decline", reason="too far")).json()
    nobody = (await fleet.act(trip_id, "offer/decline")).json()
    again = await fleet.act(trip_id, "offer")
    asked_twice = await fleet.offer(trip_id, driver_id=pair[0], seek_next=False)

    assert (second["driver_id"], nobody["status"], nobody["driver_id"]) == (pair[1], "scheduled", None)
    assert code(again) == (409, "nobody_available")
    assert asked_twice["driver_id"] == pair[0]
    assert await statuses(fleet, trip_id) == [(pair[0], "declined"), (pair[1], "declined"), (pair[0], "offered")]
    assert len(await published(session, SendTripAssignmentNotification)) == 3


async def test_an_offer_that_is_not_answered_goes_on_to_the_next_once_though_its_end_runs_twice(
    fleet: Fleet, pair: list[str], session: Session, run_task: TaskRunner
) -> None:
    trip_id = await fleet.scheduled()
    await fleet.offer(trip_id)
    (end,) = await published(session, ExpireOffer)
    early = ExpireOffer(assignment_id=end.assignment_id, slot=ANSWER_BY - timedelta(seconds=1))
    key = uuid7()

    await run_task(early)
    before = await statuses(fleet, trip_id)
    for _ in range(2):
        await run_task.run([end], ids=[key])
    await run_task(end)

    assert before == [(pair[0], "offered")]
    assert await statuses(fleet, trip_id) == [(pair[0], "expired"), (pair[1], "offered")]
    told = await assert_published(session, SendNotification, to_person=f"trips.driver:{pair[0]}")
    assert (told.notification_type, told.context["note"]) == ("trip_update", "it was not answered in time")
    assert len(await published(session, SendTripAssignmentNotification)) == 2


async def test_an_answer_in_time_keeps_the_trip(fleet: Fleet, pair: list[str], session: Session, run_task: TaskRunner) -> None:
    trip_id = await fleet.scheduled()
    await fleet.offer(trip_id)
    await fleet.act(trip_id, "offer/accept")
    (end,) = await published(session, ExpireOffer)

    assert (await run_task(end)).outcome == "done"
    assert await statuses(fleet, trip_id) == [(pair[0], "accepted")]


async def test_a_driver_answers_in_time_and_an_operator_whenever_it_stands(
    fleet: Fleet, pair: list[str], clock: FrozenClock
) -> None:
    trip_id = await fleet.scheduled()
    await fleet.offer(trip_id, driver_id=pair[0])
    clock.set(ANSWER_BY)

    late = await fleet.act(trip_id, "offer/accept")
    entered = await fleet.act(trip_id, "offer/accept", by_operator=True)

    assert (code(late), entered.json()["status"]) == ((409, "offer_over"), "accepted")


async def test_a_trip_is_taken_back_until_the_passenger_is_on_board(fleet: Fleet, pair: list[str], session: Session) -> None:
    trip_id = await fleet.scheduled()
    await fleet.offer(trip_id)
    await fleet.drive(trip_id, "at_pickup")
    back = (await fleet.act(trip_id, "take-back", reason="the vehicle has broken down")).json()
    by_nobody = await fleet.act(trip_id, "take-back", reason="again")
    await fleet.offer(trip_id, driver_id=pair[1])
    await fleet.drive(trip_id, "onboard")
    on_board = await fleet.act(trip_id, "take-back", reason="too late")

    assert (back["status"], back["vehicle_id"], back["started_at"]) == ("scheduled", None, None)
    assert [code(one) for one in (by_nobody, on_board)] == [(404, "no_offer"), (409, "trip_status_forbids")]
    told = await assert_published(session, SendNotification, to_person=f"trips.driver:{pair[0]}")
    assert told.context["status"] == "taken back, you need not drive it"


@pytest.mark.parametrize("until", ["assigned", "accepted", "en_route_pickup", "at_pickup"])
async def test_a_trip_that_somebody_is_to_drive_keeps_its_times_until_it_is_taken_back(
    fleet: Fleet, pair: list[str], until: str
) -> None:
    trip_id = await fleet.scheduled()
    before = await fleet.offer(trip_id)
    if until != "assigned":
        await fleet.drive(trip_id, until)

    refused = await fleet.act(trip_id, "schedule", pickup_at=at(15), dropoff_at=at(16))
    kept = await fleet.ok("GET", f"/v1/trips/{trip_id}")
    await fleet.act(trip_id, "take-back", reason="it is later now")
    later = await fleet.act(trip_id, "schedule", pickup_at=at(15), dropoff_at=at(16))
    again = await fleet.offer(trip_id, driver_id=pair[0])

    assert (code(refused), refused.json()["trip_status"]) == ((409, "trip_status_forbids"), until)
    assert (kept["status"], kept["driver_id"], kept["pickup_at"]) == (until, pair[0], before["pickup_at"])
    assert (later.json()["pickup_at"], again["driver_id"]) == (at(15), pair[0])
    assert await statuses(fleet, trip_id) == [(pair[0], "withdrawn"), (pair[0], "offered")]


async def test_a_cancelled_trip_frees_its_driver_who_is_told(fleet: Fleet, pair: list[str], session: Session) -> None:
    first, second = await fleet.scheduled(), await fleet.scheduled()
    await fleet.offer(first, driver_id=pair[0])
    busy = await fleet.act(second, "offer", driver_id=pair[0])
    await fleet.step(first, "cancelled", acting_as="passenger", reason="feels better")
    free = await fleet.offer(second, driver_id=pair[0])

    assert (code(busy), busy.json()["driver"]) == ((409, "not_available"), ["busy"])
    assert free["driver_id"] == pair[0]
    assert await statuses(fleet, first) == [(pair[0], "released")]
    cancelled = await published(session, CancelMessages)
    assert [one.reason for one in cancelled] == ["the trip is cancelled"]


BAD = [
    ("INSERT INTO assignments SELECT (assignments).* FROM (SELECT assignments FROM assignments) AS one", "pkey"),
    ("UPDATE assignments SET status = 'offered', ended_at = NULL WHERE status = 'released'", "bind_a_driver_once"),
    ("UPDATE assignments SET ended_at = now() WHERE status = 'offered'", "check"),
    (
        (
            "UPDATE trips SET status = 'scheduled', driver_id = NULL, vehicle_id = NULL, assignment_id = NULL,"
            " version = version + 1 WHERE status = 'assigned'"
        ),
        "still binds driver and vehicle",
    ),
]


async def test_no_two_trips_bind_a_driver_at_once_whoever_writes(fleet: Fleet, pair: list[str], session: Session) -> None:
    first, second = await fleet.scheduled(), await fleet.scheduled()
    await fleet.offer(first, driver_id=pair[0])
    await fleet.step(first, "cancelled", acting_as="operator", reason="closed")
    await fleet.offer(second, driver_id=pair[0])

    for statement, said in BAD:
        with pytest.raises(DBAPIError, match=said):
            async with session.begin_nested():
                await rows(session, f"{statement} RETURNING 1")


async def test_trips_that_follow_each_other_bind_nobody_twice(fleet: Fleet, pair: list[str]) -> None:
    trips = [await fleet.scheduled(hour) for hour in (10, 13)]
    for trip_id in trips:
        await fleet.offer(trip_id, driver_id=pair[0])

    # The buffer before the next one reaches into the first.
    third = await fleet.trip()
    await fleet.act(third, "schedule", pickup_at=at(11, 10), dropoff_at=at(12))
    assert code(await fleet.act(third, "offer", driver_id=pair[0])) == (409, "not_available")


@pytest.mark.commits
async def test_of_two_who_are_faster_than_each_other_one_gets_the_driver(fleet: Fleet) -> None:
    driver, vehicles = await fleet.driver(), [await fleet.vehicle(f"MH12AB000{number}") for number in range(2)]
    trips = [await fleet.scheduled() for _ in range(2)]

    answers = await asyncio.gather(
        *(
            fleet.act(trip_id, "offer", driver_id=driver, vehicle_id=vehicle_id)
            for trip_id, vehicle_id in zip(trips, vehicles, strict=True)
        )
    )

    assert sorted(one.status_code for one in answers) == [200, 409]
    refused = next(one for one in answers if one.status_code == 409)
    assert refused.json()["code"] in ("already_bound", "not_available")


async def test_who_is_out_for_longer_than_was_planned_sets_out_for_nothing_else(fleet: Fleet, pair: list[str]) -> None:
    first, second = [await fleet.scheduled(hour) for hour in (10, 13)]
    for trip_id in (first, second):
        await fleet.offer(trip_id, driver_id=pair[0])
    await fleet.drive(first, "onboard")
    await fleet.act(second, "offer/accept")

    refused = await fleet.step(second, "en_route_pickup")
    waiting = await fleet.ok("GET", f"/v1/trips/{second}")
    await fleet.step(first, "at_dropoff")
    gone = await fleet.step(second, "en_route_pickup")

    number = (await fleet.ok("GET", f"/v1/trips/{first}"))["number"]
    assert (code(refused), refused.json()["trip_number"]) == ((409, "still_under_way"), number)
    assert (waiting["status"], gone.json()["status"]) == ("accepted", "en_route_pickup")


@pytest.mark.commits
async def test_of_two_trips_that_begin_at_once_with_one_vehicle_one_begins(fleet: Fleet) -> None:
    vehicle = await fleet.vehicle()
    trips = [await fleet.scheduled(hour) for hour in (10, 13)]
    for trip_id in trips:
        await fleet.offer(trip_id, driver_id=await fleet.driver(), vehicle_id=vehicle)
        await fleet.act(trip_id, "offer/accept")

    answers = await asyncio.gather(*(fleet.step(trip_id, "en_route_pickup") for trip_id in trips))

    assert sorted(one.status_code for one in answers) == [200, 409]
    assert code(next(one for one in answers if one.status_code == 409)) == (409, "still_under_way")


async def test_no_two_trips_are_under_way_with_one_driver_whoever_writes(fleet: Fleet, pair: list[str], session: Session) -> None:
    for hour in (10, 13):
        trip_id = await fleet.scheduled(hour)
        await fleet.offer(trip_id, driver_id=pair[0])
        await fleet.act(trip_id, "offer/accept")

    with pytest.raises(DBAPIError, match="trips_one_under_way_of"):
        await rows(session, "UPDATE trips SET status = 'en_route_pickup', version = version + 1 RETURNING 1")


@pytest.mark.commits
async def test_a_driver_who_is_erased_meanwhile_is_not_bound(
    fleet: Fleet, database: Database, owner: "asyncpg.Connection[Any]"
) -> None:
    driver, vehicle = UUID(await fleet.driver()), UUID(await fleet.vehicle())
    async with database.unit_of_work() as session:
        await DriverRepository(session).find(driver, None, hold="alone")

        async def bind() -> bool:
            async with database.unit_of_work() as other:
                return await AssignmentRepository(other).hold_pair(driver, vehicle)

        binding = asyncio.create_task(bind())
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits")
        await DriverRepository(session).erase(driver, MONDAY_MORNING)

    assert await binding is False


async def test_settings_of_dispatch_say_how_long_a_driver_has_and_what_lies_around(fleet: Fleet, pair: list[str]) -> None:
    path = "/v1/dispatch-settings"
    defaults = await fleet.ok("GET", path)
    written = await fleet.api.put(path, json={"buffer_before_s": 0, "buffer_after_s": 600, "offer_s": 60})
    blind = await fleet.api.put(path, json={})
    trip_id = await fleet.scheduled(10)
    trip = await fleet.offer(trip_id, driver_id=pair[0])
    (offer,) = await fleet.ok("GET", f"/v1/trips/{trip_id}/assignments")

    assert (defaults["version"], defaults["offer_s"], written.headers["etag"], blind.status_code) == (0, 300, '"v1"', 428)
    assert (trip["bound_from"], trip["bound_until"]) == (at(10), at(11, 10))
    assert datetime.fromisoformat(offer["answer_by"]) == MONDAY_MORNING + timedelta(minutes=1)
    assert UUID(offer["id"]).version == 7
