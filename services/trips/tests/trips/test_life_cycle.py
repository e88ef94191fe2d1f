"""The life of a trip: legal steps, all of them in its history, and nothing else."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from services.trips.tests.fleet import WAY, Fleet, code, rows
from services.trips.trips.life_cycle import effects
from services.trips.trips.models import ENDED, UNASSIGNED, TripStatus
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING

BUMP = "version = version + 1, updated_at = now(), changed_by = 'somebody'"
STATUSES: tuple[TripStatus, ...] = TripStatus.__args__  # type: ignore[attr-defined]  # a Literal has them


async def test_a_trip_goes_its_way_and_its_history_says_how(fleet: Fleet, session: Session) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "at_dropoff")
    done = await fleet.step(trip_id, "completed", latitude=19.0, longitude=72.8, message="All well.")
    history = await fleet.ok("GET", f"/v1/trips/{trip_id}/events")

    trip = done.json()
    stamps = ("started_at", "pickup_arrived_at", "onboard_at", "dropoff_arrived_at", "ended_at")
    assert {trip[name] for name in stamps} == {"2026-03-02T09:00:00Z"}
    steps = [(one["from_status"], one["to_status"], one["actor_role"]) for one in reversed(history["items"])]
    way = [("assigned", WAY[0]), *itertools.pairwise(WAY)]
    assert steps == [
        ("none", "requested", "operator"),
        ("requested", "scheduled", "operator"),
        ("scheduled", "assigned", "operator"),
        *((before, after, "driver") for before, after in way),
    ]
    newest = history["items"][0]
    assert newest["details"] == {"message": "All well.", "latitude": 19.0, "longitude": 72.8}
    assert (newest["actor"], newest["number"]) == ("user:ada", 9)
    assert await rows(session, "SELECT count(*) FROM trip_events") == [(9,)]


async def test_a_step_that_is_not_in_the_table_is_refused_with_those_that_are(fleet: Fleet) -> None:
    trip_id = await fleet.assigned()

    too_far = await fleet.step(trip_id, "onboard")
    not_theirs = await fleet.step(trip_id, "en_route_pickup", acting_as="passenger")
    without_reason = await fleet.step(trip_id, "cancelled", acting_as="passenger")
    cancelled = await fleet.step(trip_id, "cancelled", acting_as="passenger", reason="feels better")
    after = await fleet.step(trip_id, "en_route_pickup")

    assert [code(one) for one in (too_far, not_theirs, after)] == [(409, "trip_status_forbids")] * 3
    assert (too_far.json()["possible"], not_theirs.json()["possible"], after.json()["possible"]) == (
        ["accepted", "scheduled"],
        ["cancelled"],
        [],
    )
    assert (code(without_reason), cancelled.json()["status"]) == ((422, "reason_missing"), "cancelled")


async def test_a_passenger_who_does_not_come_ends_the_trip(fleet: Fleet) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "at_pickup")

    assert (await fleet.step(trip_id, "no_show")).json()["ended_at"] == "2026-03-02T09:00:00Z"


BAD = [
    ("UPDATE trips SET status = 'onboard', BUMP", "trips_status_transition"),
    ("UPDATE trips SET status = 'completed', ended_at = now(), BUMP", "trips_status_transition"),
    ("UPDATE trips SET changed_as = 'nobody', BUMP", "trips_status_transition"),
    ("UPDATE trips SET status = 'cancelled', ended_at = now()", "without a new version"),
    ("UPDATE trips SET escorts = 5", "without a new version"),
    ("UPDATE trips SET vehicle_id = NULL, BUMP", "check"),
    ("UPDATE trips SET driver_id = NULL, vehicle_id = NULL, BUMP", "trips_have_a_driver"),
    ("UPDATE trips SET planned = NULL, BUMP", "trips_are_planned"),
    ("UPDATE trips SET driver_id = gen_random_uuid(), BUMP", "drivers|foreign key"),
    ("UPDATE trip_events SET actor = 'nobody'", "what is written there stays"),
    ("DELETE FROM trip_events", "what is written there stays"),
]


async def test_what_must_not_be_is_refused_whoever_writes(fleet: Fleet, session: Session) -> None:
    await fleet.assigned()

    for statement, said in BAD:
        with pytest.raises(DBAPIError, match=said):
            async with session.begin_nested():
                await rows(session, statement.replace("BUMP", BUMP) + " RETURNING 1")


async def test_the_table_lets_nothing_out_of_an_end_and_everything_into_one(session: Session) -> None:
    rules = await rows(session, "SELECT from_status, to_status FROM trip_transitions_allowed")
    known, reached = {"none", *STATUSES}, {"none"}
    for _ in known:
        reached |= {after for before, after in rules if before in reached}

    assert {status for rule in rules for status in rule} <= known
    assert [rule for rule in rules if rule[0] in ENDED] == []
    assert reached == known


@given(steps=st.lists(st.sampled_from(STATUSES), max_size=12))
@settings(max_examples=200)
def test_whatever_way_a_trip_takes_it_has_a_driver_and_an_end_exactly_when_it_should(steps: list[TripStatus]) -> None:
    trip: dict[str, object] = {}
    for status in steps:
        trip |= {"driver_id": "somebody"} if status == "assigned" else {}
        trip |= effects(status, MONDAY_MORNING)
        if status in ENDED:
            assert trip["ended_at"] == MONDAY_MORNING
            break
        assert "ended_at" not in trip
        if status in UNASSIGNED:
            assert {trip["driver_id"], trip["started_at"], trip["onboard_at"]} == {None}
