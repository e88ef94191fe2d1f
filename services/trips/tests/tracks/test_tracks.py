"""Where a trip went, as a file, how far, and what shows it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from services.trips import deps
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of, rows
from services.trips.tests.positions.arrange import POSITIONS, point, reporter
from services.trips.tracks.measuring import measure, polyline
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.service import ApiClient


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
    still, late = measure(here, MONDAY_MORNING, end), measure(here, MONDAY_MORNING, end + timedelta(minutes=11))

    assert still is not None
    assert late is not None
    assert (still.distance_m, still.is_whole, late.is_whole) == (0, True, False)
    assert measure(here[:1], MONDAY_MORNING, end) is None


async def driven(fleet: Fleet, client: ApiClient, clock: FrozenClock) -> str:
    """A completed trip that went a kilometre north in ten minutes with its passenger."""
    trip_id = await fleet.assigned()
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    await fleet.drive(trip_id, "onboard")
    api, _ = await reporter(fleet, client, vehicle_id)
    points = [point(-60 * minute, north_m=100 * minute, altitude_m=5) for minute in range(11)]
    clock.advance(timedelta(minutes=10))
    assert (await api.post(f"{POSITIONS}/batch", json=points)).json()["accepted"] == 11
    for status in ("at_dropoff", "completed"):
        answer = await fleet.step(trip_id, status)
        assert answer.is_success, answer.text
    return trip_id


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
