"""Trips: what is asked for, the way back, and what may still change."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from services.trips.tests.fleet import CLINIC, CUSTOMER, HOME, THEIRS, Fleet, at, code, fleet_of, rows
from services.trips.tests.positions.arrange import POSITIONS, point, reporter
from shared.contracts.trips import ProcessTripCompletion
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

TRIPS = "/v1/trips"


async def test_a_request_is_shown_as_it_was_made(fleet: Fleet) -> None:
    made = await fleet.request(mobility="wheelchair", escorts=1, equipment=["oxygen"], trip_type="dialysis")
    read = await fleet.api.get(made.headers["location"])
    trip = read.json()

    assert (made.status_code, made.headers["etag"], trip) == (201, '"v1"', made.json())
    assert (trip["status"], trip["mobility"], trip["escorts"], trip["trip_type"]) == ("requested", "wheelchair", 1, "dialysis")
    assert (trip["pickup"], trip["dropoff"]) == (HOME, CLINIC | {"address": None})
    assert trip["number"].startswith("T-260302-")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"appointment_at": None}, "#"),
    ({"pickup_at": at(13)}, "#"),
    ({"pickup": HOME | {"latitude": 91}}, "#/pickup/latitude"),
    ({"pickup": {"label": "Home", "latitude": 19.0}}, "#/pickup"),
    ({"mobility": "sitting"}, "#/mobility"),
    ({"customer": "Ann"}, "#/customer"),
    ({"escorts": 9}, "#/escorts"),
    ({"status": "completed"}, "#/status"),
]


async def test_what_cannot_be_driven_is_refused_and_nothing_is_kept(fleet: Fleet, session: Session) -> None:
    for fields, pointer in BAD:
        answer = await fleet.request(**fields)
        assert (code(answer), [one["pointer"] for one in answer.json()["errors"]]) == ((422, "invalid_request"), [pointer])

    assert await rows(session, "SELECT 1 FROM trips") == []


async def test_the_way_back_waits_for_the_passenger_to_call(fleet: Fleet) -> None:
    there = await fleet.trip(passenger_name="Ann Pillai", escorts=1)
    back = (await fleet.act(there, "return")).json()
    second = await fleet.act(there, "return", pickup_at=at(15))
    called = await fleet.act(back["id"], "schedule", pickup_at=at(15), dropoff_at=at(16))

    assert (back["status"], back["return_of"], back["escorts"], back["passenger_name"]) == ("will_call", there, 1, "Ann Pillai")
    assert (back["pickup"], back["dropoff"]) == (CLINIC | {"address": None}, HOME)
    assert (code(second), called.json()["status"]) == ((409, "trip_has_return"), "scheduled")


async def test_a_cancelled_way_back_makes_room_for_another(fleet: Fleet) -> None:
    there = await fleet.trip()
    back = (await fleet.act(there, "return")).json()["id"]
    await fleet.step(back, "cancelled", acting_as="passenger", reason="a neighbour drives")

    again = await fleet.act(there, "return", pickup_at=at(15))

    assert (again.status_code, again.json()["status"]) == (201, "requested")


async def test_times_are_planned_with_a_buffer_and_in_order(fleet: Fleet) -> None:
    trip_id = await fleet.trip()

    refused = [await fleet.act(trip_id, "schedule", pickup_at=at(11), dropoff_at=end) for end in (at(11), at(12, day=3))]
    planned = (await fleet.act(trip_id, "schedule", pickup_at=at(11), dropoff_at=at(12))).json()

    assert [code(one) for one in refused] == [(422, "times_impossible")] * 2
    assert (planned["status"], planned["bound_from"], planned["bound_until"]) == ("scheduled", at(10, 45), at(12))


async def test_what_a_driver_was_chosen_by_stays_once_there_is_one(fleet: Fleet) -> None:
    trip_id = await fleet.assigned()
    path, any_version = f"{TRIPS}/{trip_id}", {"If-Match": "*"}

    refused = await fleet.api.patch(path, json={"escorts": 2}, headers=any_version)
    changed = await fleet.api.patch(path, json={"dropoff": HOME, "passenger_name": "Ann"}, headers={"If-Match": '"v3"'})
    same = await fleet.api.patch(path, json={"passenger_name": "Ann"}, headers={"If-Match": '"v4"'})
    await fleet.drive(trip_id, "completed")
    ended = await fleet.api.patch(path, json={"passenger_name": "Eve"}, headers=any_version)

    assert (code(refused), code(ended)) == ((409, "trip_not_editable"), (409, "trip_not_editable"))
    assert (changed.json()["dropoff"], changed.json()["passenger_name"]) == (HOME, "Ann")
    assert same.headers["etag"] == '"v4"'


async def test_trips_are_found_by_what_is_known_of_them_and_not_by_others(fleet: Fleet, client: ApiClient) -> None:
    early, late = await fleet.scheduled(6), await fleet.scheduled(18, customer=None)
    theirs = fleet_of(client, THEIRS)

    async def found(**params: Any) -> list[str]:
        return [one["id"] for one in (await fleet.ok("GET", TRIPS, params=params))["items"]]

    assert await found() == [late, early]
    assert await found(customer=CUSTOMER) == [early]
    assert await found(since=at(6), until=at(18)) == [early]
    assert await found(status="completed") == []
    assert (await theirs.ok("GET", TRIPS))["items"] == []
    answers = [await theirs.api.get(f"{TRIPS}/{early}"), await theirs.step(early, "cancelled", acting_as="operator", reason="x")]
    assert [code(answer) for answer in answers] == [(404, "trip_not_found")] * 2


KEPT = " UNION ALL ".join(
    f"SELECT to_jsonb({table})::text FROM {table}"  # noqa: S608 - put together from names of this list
    for table in ("trips", "trip_events", "assignments", "trip_mileage", "trip_flags", "trip_completions")
)


async def test_who_travelled_is_forgotten_and_stands_nowhere(
    fleet: Fleet, client: ApiClient, clock: FrozenClock, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await fleet.assigned(passenger_name="Ann Pillai", passenger_phone="+919800000001", dropoff=NEXT_DOOR)
    path, any_version = f"{TRIPS}/{trip_id}/passenger", {"If-Match": "*"}
    early = await fleet.api.delete(path, headers=any_version)
    await drive_with_words(fleet, client, clock, trip_id)
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))
    told = str(await rows(session, KEPT))

    forgotten = [(await fleet.api.delete(path, headers=any_version)).status_code for _ in range(2)]
    trip = await fleet.ok("GET", f"{TRIPS}/{trip_id}")
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))

    assert (code(early), forgotten) == ((409, "trip_not_ended"), [204, 204])
    nowhere = {"label": "Erased place", "address": None, "latitude": None, "longitude": None}
    assert (trip["passenger_name"], trip["passenger_phone"], trip["pickup"], trip["dropoff"]) == (None, None, nowhere, nowhere)
    assert [word for word in PERSONAL if word not in told] == []
    kept = str(await rows(session, KEPT))
    assert [word for word in PERSONAL if word in kept] == []
    assert "sha256" in kept


PERSONAL = ("Ann", "+919800000001", "Hill Road", "72.8277", "polyline", "second floor", "she is slow", "feels unwell")
NEXT_DOOR = {"label": "City Hospital", "latitude": 19.0564, "longitude": 72.8277}


async def drive_with_words(fleet: Fleet, client: ApiClient, clock: FrozenClock, trip_id: str) -> None:
    """A ride of two minutes whose steps say more than they must, and whose device reports."""
    vehicle_id = (await fleet.ok("GET", f"{TRIPS}/{trip_id}"))["vehicle_id"]
    await fleet.drive(trip_id, "at_pickup")
    await fleet.step(trip_id, "at_pickup", latitude=19.0544, longitude=72.8277, message="Ann lives on the second floor")
    await fleet.step(trip_id, "onboard", reason="she is slow")
    clock.advance(timedelta(minutes=2))
    device, _ = await reporter(fleet, client, vehicle_id)
    track = [point(-60 * minute, north_m=111 * minute) for minute in range(3)]
    assert (await device.post(f"{POSITIONS}/batch", json=track)).json()["accepted"] == 3
    await fleet.step(trip_id, "at_dropoff")
    await fleet.step(trip_id, "completed", message="feels unwell")


async def test_why_a_trip_was_cancelled_is_forgotten_with_its_passenger(fleet: Fleet, session: Session) -> None:
    trip_id = await fleet.assigned()
    await fleet.step(trip_id, "cancelled", acting_as="passenger", reason="Ann is in ward 4")

    await fleet.api.delete(f"{TRIPS}/{trip_id}/passenger", headers={"If-Match": "*"})

    assert "ward 4" not in str(await rows(session, KEPT))
    (newest, *_) = (await fleet.ok("GET", f"{TRIPS}/{trip_id}/events"))["items"]
    assert (newest["to_status"], newest["actor_role"], newest["reason"]) == ("cancelled", "passenger", None)
    with pytest.raises(DBAPIError, match="what is written there stays"):
        async with session.begin_nested():
            await rows(session, "UPDATE trip_events SET reason = 'another' RETURNING 1")
