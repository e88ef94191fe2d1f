"""The life of a trip: legal steps, all of them in its history, and nothing else."""

import itertools
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from services.trips.tests.fleet import WAY, Fleet, code, rows
from services.trips.trips.life_cycle import effects
from services.trips.trips.models import ENDED, UNASSIGNED, TripStatus
from shared.contracts.trips import TripBooked, TripEndedEarly
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import assert_published

BUMP = "version = version + 1, updated_at = now(), changed_by = 'somebody'"
STAMPS = ("started_at", "pickup_arrived_at", "onboard_at", "dropoff_arrived_at")
Rules = dict[str, list[tuple[TripStatus, str]]]
STATUSES: tuple[TripStatus, ...] = get_args(TripStatus)


async def test_a_trip_goes_its_way_and_its_history_says_how(fleet: Fleet, session: Session) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "at_dropoff")
    done = await fleet.step(trip_id, "completed", latitude=19.0, longitude=72.8, message="All well.")
    history = await fleet.ok("GET", f"/v1/trips/{trip_id}/events")

    trip = done.json()
    assert {trip[name] for name in (*STAMPS, "ended_at")} == {"2026-03-02T09:00:00Z"}
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


async def test_a_passenger_who_does_not_come_ends_the_trip(fleet: Fleet, session: Session) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "at_pickup")

    assert (await fleet.step(trip_id, "no_show")).json()["ended_at"] == "2026-03-02T09:00:00Z"
    assert code(await fleet.step(trip_id, "no_show")) == (409, "trip_status_forbids")
    booked = await assert_published(session, TripBooked, trip_id=UUID(trip_id))
    assert (booked.mobility, booked.return_of) == ("ambulatory", None)
    await assert_published(session, TripEndedEarly, trip_id=UUID(trip_id), status="no_show")


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
    ("UPDATE trip_events SET reason = NULL, details = NULL", "what is written there stays"),
    ("DELETE FROM trip_events", "what is written there stays"),
]


async def test_what_must_not_be_is_refused_whoever_writes(fleet: Fleet, session: Session) -> None:
    await fleet.assigned()

    for statement, said in BAD:
        with pytest.raises(DBAPIError, match=said):
            async with session.begin_nested():
                await rows(session, statement.replace("BUMP", BUMP) + " RETURNING 1")


async def rules_of(session: Session) -> Rules:
    """Where each status may lead, in whose role, as the database has it."""
    found = await rows(session, "SELECT from_status, to_status, actor_role FROM trip_transitions_allowed ORDER BY 1, 2, 3")
    return {before: [(after, role) for one, after, role in found if one == before] for before, _, _ in found}


async def test_every_status_is_reached_and_leads_to_an_end_that_nothing_leaves(session: Session) -> None:
    rules = await rules_of(session)
    reached: set[str] = {"none"}
    ending: set[str] = set(ENDED)
    for _ in STATUSES:
        reached |= {after for before in reached for after, _ in rules.get(before, [])}
        # The dispatcher can always bring it there alone.
        ending |= {before for before, steps in rules.items() if any(to in ending and role == "operator" for to, role in steps)}

    assert reached == ending == {"none", *STATUSES}
    assert ENDED.isdisjoint(rules)


async def test_whatever_legal_way_a_trip_takes_its_columns_say_where_it_is(session: Session) -> None:
    rules = await rules_of(session)

    @given(data=st.data())
    @settings(max_examples=150, deadline=None)
    def walk(data: st.DataObject) -> None:
        status: str = "none"
        trip: dict[str, Any] = {}
        now = MONDAY_MORNING
        while status in rules and now < MONDAY_MORNING + timedelta(minutes=20):
            after, _ = data.draw(st.sampled_from(rules[status]))
            now += timedelta(minutes=1)
            trip |= {"driver_id": "somebody"} if after == "assigned" else {}
            trip |= effects(after, now) if after != status else {}
            status = after
            assert_fits(status, trip)

    walk()


def assert_fits(status: str, trip: dict[str, Any]) -> None:
    """What the constraints of the table say, and that no time is before the one that it follows."""
    stamps = [trip.get(name) for name in STAMPS]
    if status in UNASSIGNED:
        assert (trip["driver_id"], stamps) == (None, [None] * len(STAMPS))
    elif status in WAY:
        # One for each step that is behind it, and none for one that is not.
        assert [stamp is not None for stamp in stamps] == [number <= WAY.index(status) for number in range(1, len(STAMPS) + 1)]
        assert trip["driver_id"] == "somebody"
    assert (trip.get("ended_at") is not None) == (status in ENDED)
    known = [stamp for stamp in (*stamps, trip.get("ended_at")) if stamp is not None]
    assert known == sorted(known)
