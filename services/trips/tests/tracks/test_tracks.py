"""Where a trip went, as a file, how far, and what shows it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from services.trips import deps
from services.trips.completion.service import LATE_POINTS
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, rows
from services.trips.tests.positions.arrange import HERE, POSITIONS, point, reporter
from services.trips.tracks.measuring import Spot, measure, polyline
from shared.contracts.trips import ProcessTripCompletion, TripCompleted
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, outbox_of, published
from shared.testing.service import ApiClient

A_KILOMETRE_NORTH: Final = {"label": "City Hospital", "latitude": HERE[0] + 1000 / 111_195, "longitude": HERE[1]}


@dataclass(frozen=True, slots=True)
class At:
    """A place at a moment."""

    recorded_at: datetime
    latitude: float
    longitude: float


def test_a_polyline_is_googles() -> None:
    example = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]

    assert polyline([At(MONDAY_MORNING, *place) for place in example]) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


def test_who_stands_still_goes_nowhere_and_a_silence_makes_a_track_no_proof() -> None:
    here = [At(MONDAY_MORNING + timedelta(seconds=n), 19 + 0.00003 * (n % 2), 72) for n in range(100)]
    end = here[-1].recorded_at
    still, late = measure(here, MONDAY_MORNING, end), measure(here, MONDAY_MORNING, end + timedelta(minutes=2, seconds=1))

    assert still is not None
    assert late is not None
    assert (still.distance_m, still.is_whole, late.is_whole) == (0, True, False)
    assert measure(here[:1], MONDAY_MORNING, end) is None


def north(metres: float) -> Spot:
    """A place so far north of the pickup."""
    return HERE[0] + metres / 111_195, HERE[1]


WAYS: list[tuple[str, list[tuple[int, int]], bool]] = [
    ("all the way", [(0, 0), (1, 1000), (2, 2000), (3, 3000), (4, 4000)], True),
    ("three minutes on the way unseen", [(0, 0), (1, 1000), (4, 4000)], False),
    ("a tracker that is silent while it stands", [(0, 0), (1, 1000), (11, 1090), (12, 2500), (13, 4000)], True),
    ("longer than anybody stands", [(0, 0), (1, 1000), (12, 1000), (13, 2500), (14, 4000)], False),
    ("a departure after five minutes", [(5, 80), (6, 2000), (7, 4000)], True),
    ("first heard of far from the pickup", [(3, 2000), (4, 3000), (5, 4000)], False),
    ("last heard of far from the drop-off", [(0, 0), (1, 1000), (2, 2000), (5, 2000)], False),
    ("an address that is no point", [(0, 150), (1, 2000), (2, 3700)], True),
]


@pytest.mark.parametrize(("way", "seen", "is_whole"), WAYS, ids=[way for way, _, _ in WAYS])
def test_a_track_is_whole_where_none_of_the_way_can_be_missing(way: str, seen: list[tuple[int, int]], is_whole: bool) -> None:
    places = [At(MONDAY_MORNING + timedelta(minutes=minute), *north(metres)) for minute, metres in seen]

    measured = measure(places, MONDAY_MORNING, places[-1].recorded_at, ends=(north(0), north(4000)))

    assert measured is not None
    assert measured.is_whole == is_whole, way


async def driven(fleet: Fleet, client: ApiClient, clock: FrozenClock, *, heard: Iterable[int] = range(11)) -> str:
    """A completed trip that went a kilometre north in ten minutes with its passenger. heard: the minutes that were reported."""
    trip_id = await fleet.assigned(dropoff=A_KILOMETRE_NORTH)
    await fleet.drive(trip_id, "onboard")
    clock.advance(timedelta(minutes=10))
    await report(fleet, client, trip_id, heard)
    for status in ("at_dropoff", "completed"):
        answer = await fleet.step(trip_id, status)
        assert answer.is_success, answer.text
    return trip_id


async def report(fleet: Fleet, client: ApiClient, trip_id: str, minutes: Iterable[int]) -> None:
    """What a device of the trip's vehicle says of these minutes."""
    api, _ = await reporter(fleet, client, (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"])
    points = [point(-60 * minute, north_m=100 * minute, altitude_m=5) for minute in minutes]
    assert (await api.post(f"{POSITIONS}/batch", json=points)).json()["accepted"] == len(points)


async def test_a_track_is_shown_as_geojson_and_gpx_with_its_distance(fleet: Fleet, client: ApiClient, clock: FrozenClock) -> None:
    trip_id = await driven(fleet, client, clock)
    track = await fleet.ok("GET", f"/v1/trips/{trip_id}/track")
    gpx = await fleet.api.get(f"/v1/trips/{trip_id}/track.gpx")
    distance = await fleet.ok("GET", f"/v1/trips/{trip_id}/distance")
    foreign = await fleet_of(client, THEIRS).api.get(f"/v1/trips/{trip_id}/track")

    assert track["geometry"]["type"] == "LineString"
    assert track["geometry"]["coordinates"][0] == [72.8277, 19.0544]
    assert (len(track["properties"]["times"]), track["properties"]["distance_m"]) == (11, pytest.approx(1000, abs=2))
    places = ET.fromstring(gpx.content).findall(".//{*}trkpt")  # noqa: S314 - it is our own
    assert (len(places), places[0].get("lat"), places[0].findtext("{*}ele")) == (11, "19.0544000", "5")
    assert (distance["is_whole"], distance["evidence"]["longest_gap_s"]) == (True, 60)
    lines = "".join(
        f"2026-03-02T09:{minute:02}:00.000000+00:00,{19.0544 + 100 * minute / 111_195:.6f},72.827700\n" for minute in range(11)
    )
    assert distance["evidence"]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert code(foreign) == (404, "trip_not_found")


async def test_completion_takes_the_distance_from_the_track_with_its_evidence(
    fleet: Fleet, client: ApiClient, clock: FrozenClock, session: Session
) -> None:
    trip_id = await driven(fleet, client, clock)
    await deps.trip_completion(session).process(UUID(trip_id), clock())

    ((source, metres, points),) = await rows(session, "SELECT source, distance_m, evidence ->> 'points' FROM trip_mileage")
    ((fixed,),) = await rows(session, "SELECT distance_source FROM trip_completions")
    assert (source, metres, points, fixed) == ("gps", pytest.approx(1000, abs=2), "11", "gps")


async def test_positions_that_come_late_correct_the_distance_when_it_is_measured_once_more(
    fleet: Fleet, client: ApiClient, clock: FrozenClock, session: Session, run_task: TaskRunner
) -> None:
    trip_id = await driven(fleet, client, clock, heard=range(5))
    for _ in range(2):
        await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)), occurred_at=clock())
    (_, again) = [one.due_at for one in await outbox_of(session) if one.name == ProcessTripCompletion.contract.name]
    await report(fleet, client, trip_id, range(5, 11))
    for _ in range(2):
        await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)), occurred_at=clock())

    facts: list[tuple[Any, int]] = [(one.distance_m, one.entity_version) for one in await published(session, TripCompleted)]
    assert again == clock() + LATE_POINTS
    assert facts == [(pytest.approx(1300, abs=2), 9), (pytest.approx(1000, abs=2), 10)]
    assert (await fleet.ok("GET", f"/v1/trips/{trip_id}/completion"))["distance_source"] == "gps"


async def test_who_says_why_knows_better_than_the_track(
    fleet: Fleet, client: ApiClient, clock: FrozenClock, run_task: TaskRunner
) -> None:
    trip_id = await driven(fleet, client, clock)
    await run_task(ProcessTripCompletion(trip_id=UUID(trip_id)))
    billed = []
    for said in ({}, {"note": "the tracker hung"}):
        await fleet.ok("PUT", f"/v1/trips/{trip_id}/mileage", json={"distance_m": 1_400} | said)
        shown = await fleet.ok("GET", f"/v1/trips/{trip_id}/completion")
        billed.append((shown["distance_source"], shown["distance_m"], [one["source"] for one in shown["mileage"]]))

    assert billed == [("gps", pytest.approx(1000, abs=2), ["gps", "operator"]), ("operator", 1_400, ["operator", "gps"])]
