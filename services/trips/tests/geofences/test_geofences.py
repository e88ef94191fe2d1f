"""Geofences: each crossing found once, also between two fixes, and never again by points that come late."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.trips.geofences.repository import GeofenceRepository
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, tag
from services.trips.tests.geofences.arrange import FENCES, YARD, Way
from services.trips.tests.positions.arrange import HERE
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient


def square(half_m: float = 100.0) -> dict[str, Any]:
    """A polygon around the usual place."""
    step = half_m / 111_195
    corners = [(-step, -step), (step, -step), (step, step), (-step, step)]
    return {
        "type": "polygon",
        "corners": [{"latitude": HERE[0] + north, "longitude": HERE[1] + east} for east, north in corners],
    }


async def test_a_crossing_between_two_fixes_is_found_once_though_it_runs_twice(way: Way) -> None:
    await way.fleet.ok("POST", FENCES, json=YARD)
    await way.report((0, -300), (60, 300))
    first = await way.events()
    again = await way.events()

    # 600 m in a minute: the edges are 200 m and 400 m along.
    assert first == again == [("enter", 20.0), ("exit", 40.0)]


async def test_points_that_come_late_repeat_no_crossing(way: Way) -> None:
    await way.fleet.ok("POST", FENCES, json={"name": "Block", "shape": square()})
    await way.report((0, -300), (60, 0))
    entered = await way.events()
    await way.report((30, -50), (50, 250), (120, 10))

    assert entered == await way.events() == [("enter", 40.0)]


async def test_who_stays_within_dwells_once_and_who_leaves_before_does_not(way: Way) -> None:
    await way.fleet.ok("POST", FENCES, json=YARD)
    await way.report((0, -300), (30, 0), (100, 300), (200, -10), (400, 20))
    short = await way.events()
    await way.report((500, 10))
    stayed = [await way.events() for _ in range(2)]

    kinds = [("enter", 20.0), ("exit", 53.3), ("enter", 164.5)]
    assert (short, stayed) == (kinds, [[*kinds, ("dwell", 464.5)]] * 2)


async def test_after_a_long_silence_nobody_knows_the_way_but_where_it_ends(way: Way) -> None:
    await way.fleet.ok("POST", FENCES, json=YARD)
    await way.report((0, -300), (400, 300), (800, 0))

    assert await way.events() == [("enter", 800.0)]


async def test_a_fence_sees_its_own_organization_alone_and_from_its_beginning_on(way: Way, client: ApiClient) -> None:
    await fleet_of(client, THEIRS).ok("POST", FENCES, json=YARD)
    await way.fleet.ok("POST", FENCES, json=YARD | {"name": "Far", "shape": YARD["shape"] | {"latitude": 20}})
    await way.report((0, -300), (60, 300))
    before = await way.events()
    await way.fleet.ok("POST", FENCES, json=YARD)
    await way.report((120, 250))

    assert (before, await way.events()) == ([], [])


async def test_a_fence_notes_nothing_of_the_time_before_it_was_there_or_had_its_shape(way: Way) -> None:
    # One from the beginning on, so that the vehicle's way is looked at.
    await way.fleet.ok("POST", FENCES, json=YARD | {"name": "Far", "shape": YARD["shape"] | {"latitude": 20}})
    await way.report((0, -300), (60, 0))
    made = await way.fleet.api.post(FENCES, json=YARD)
    await way.report((120, 20))
    first = await way.events()
    await way.report((180, 150))
    renamed = await way.fleet.api.put(made.headers["location"], json=YARD | {"name": "Depot"}, headers=tag(made))
    left = await way.events()
    await way.report((240, 300), (300, 150))
    wider = {"shape": YARD["shape"] | {"radius_m": 200}}
    await way.fleet.ok("PUT", made.headers["location"], json=YARD | wider, headers=tag(renamed))
    await way.report((360, 120))

    assert first == []
    assert [kind for kind, _ in left] == ["exit"]
    assert await way.events() == left


async def test_vehicles_are_not_looked_at_for_the_time_in_which_there_was_no_fence(way: Way, session: Session) -> None:
    made = await way.fleet.api.post(FENCES, json=YARD)
    await way.report((0, -300), (30, -300))
    await way.events()
    await way.fleet.ok("DELETE", made.headers["location"], headers=tag(made))
    await way.report((60, 300), (1200, -300))
    await way.fleet.ok("POST", FENCES, json=YARD)
    await way.report((1260, -250))
    (progress,) = await GeofenceRepository(session).moved([UUID(way.vehicle_id)], way.clock(), 10)

    assert (progress.since, progress.upto) == tuple(MONDAY_MORNING + timedelta(seconds=at) for at in (1200, 1260))


async def test_a_fence_is_replaced_and_deleted_by_its_version_and_its_events_stay(way: Way, client: ApiClient) -> None:
    made = await way.fleet.api.post(FENCES, json=YARD)
    path = made.headers["location"]
    twice = await way.fleet.api.post(FENCES, json=YARD)
    await way.report((0, -300), (60, 0))
    await way.events()
    replaced = await way.fleet.api.put(path, json=YARD | {"shape": square(50)}, headers=tag(made))
    stale = await way.fleet.api.delete(path, headers=tag(made))
    foreign = await fleet_of(client, THEIRS).api.get(path)
    await way.fleet.ok("DELETE", path, headers=tag(replaced))
    gone = await way.fleet.api.get(path)

    assert code(twice) == (409, "geofence_name_taken")
    assert (replaced.json()["shape"]["type"], stale.status_code) == ("polygon", 412)
    assert [code(one) for one in (foreign, gone)] == [(404, "geofence_not_found")] * 2
    assert await way.events() == [("enter", 40.0)]


async def test_what_is_no_area_is_refused_and_says_why(fleet: Fleet) -> None:
    line = {"type": "polygon", "corners": [{"latitude": 19, "longitude": 72 + n / 100} for n in range(3)]}
    wide = square(200_000)
    edge = {"type": "circle", "latitude": 0, "longitude": 179.9999, "radius_m": 500}
    words = YARD["shape"] | {"longitude": "72.8"}
    answers = [await fleet.api.post(FENCES, json={"name": "No", "shape": shape}) for shape in (line, wide, edge, words)]

    assert [answer.status_code for answer in answers] == [422] * 4
    said = [answer.text for answer in answers]
    assert ["on a line" in said[0], "100 km" in said[1], "180th meridian" in said[2]] == [True] * 3
