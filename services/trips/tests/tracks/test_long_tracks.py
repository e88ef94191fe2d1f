"""Tracks of more positions than are held at once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from services.trips.positions.long_tracks import MOST_PLACES
from services.trips.tests.fleet import OURS, Fleet, code
from services.trips.tests.positions.arrange import HERE
from shared.contracts.trips import ProcessTripCompletion
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner

TIMES_A_SECOND: Final = 5
_DRIVE: Final = text("""
    INSERT INTO positions (vehicle_id, recorded_at, received_at, organization_id, trip_id, latitude, longitude, source)
    SELECT :vehicle_id, CAST(:begin AS timestamptz) + n * interval '1 second' / :times, :begin, :organization_id, :trip_id,
           :latitude + n * 0.000001, :longitude, 'api'
      FROM generate_series(0, CAST(:most AS integer)) AS n
""")


@dataclass(frozen=True, slots=True)
class LongTrip:
    """A trip with one position more than one answer holds, five in a second."""

    id: str
    vehicle_id: str


@pytest_asyncio.fixture
async def long_trip(fleet: Fleet, session: Session, clock: FrozenClock) -> LongTrip:
    """A vehicle that has driven north for some hours, and drives on."""
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "onboard")
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    whose = {"vehicle_id": vehicle_id, "organization_id": OURS, "trip_id": trip_id}
    where = {"latitude": HERE[0], "longitude": HERE[1]}
    await session.execute(text("SELECT make_position_days(:day, :day)"), {"day": clock().date()})
    await session.execute(_DRIVE, {**whose, **where, "begin": clock(), "times": TIMES_A_SECOND, "most": MOST_PLACES})
    clock.advance(timedelta(seconds=MOST_PLACES / TIMES_A_SECOND))
    return LongTrip(trip_id, vehicle_id)


async def test_more_positions_than_one_answer_holds_are_refused_with_how_to_ask_for_less(
    long_trip: LongTrip, fleet: Fleet
) -> None:
    trip, period = f"/v1/trips/{long_trip.id}", {"since": MONDAY_MORNING.isoformat()}
    answers = [await fleet.api.get(f"{trip}/{what}") for what in ("track", "distance", "stops")]
    answers.append(await fleet.api.get(f"/v1/vehicles/{long_trip.vehicle_id}/stops", params=period))

    assert [code(one) for one in answers] == [(422, "track_too_long")] * 4
    said = [one.json()["detail"] for one in answers]
    assert all("more than 100,000 positions" in one and "since=…&until=…" in one for one in said)
    assert f"/v1/vehicles/{long_trip.vehicle_id}/stops" in said[2]


async def test_parts_of_a_long_track_are_shown_and_measured(long_trip: LongTrip, fleet: Fleet) -> None:
    begin = MONDAY_MORNING + timedelta(hours=1)
    part: dict[str, Any] = {"since": begin.isoformat(), "until": (begin + timedelta(hours=1)).isoformat()}
    track = await fleet.ok("GET", f"/v1/trips/{long_trip.id}/track", params=part)
    distance = await fleet.ok("GET", f"/v1/trips/{long_trip.id}/distance", params=part)
    rest = await fleet.ok("GET", f"/v1/trips/{long_trip.id}/distance", params={"since": part["since"]})

    points = 3600 * TIMES_A_SECOND + 1
    # A position is 0.111195 m north of the one before.
    assert (len(track["geometry"]["coordinates"]), distance["evidence"]["points"]) == (points, points)
    assert (track["properties"]["times"][0], distance["is_whole"]) == ("2026-03-02T10:00:00Z", True)
    assert distance["distance_m"] == track["properties"]["distance_m"] == pytest.approx(0.111195 * points, abs=11)
    assert rest["evidence"]["points"] == MOST_PLACES + 1 - 3600 * TIMES_A_SECOND


async def test_a_file_holds_the_whole_track_however_long_it_is(long_trip: LongTrip, fleet: Fleet) -> None:
    whole = (await fleet.api.get(f"/v1/trips/{long_trip.id}/track.gpx")).content
    part = (await fleet.api.get(f"/v1/trips/{long_trip.id}/track.gpx?until=2026-03-02T09:00:01Z")).content

    assert [file.count(b"<trkpt ") for file in (whole, part)] == [MOST_PLACES + 1, TIMES_A_SECOND + 1]
    assert whole.count(b"<time>2026-03-02T09:16:40Z</time>") == 1
    assert whole.endswith(b"</trkseg></trk></gpx>\n")


async def test_a_trip_is_not_billed_by_a_part_of_its_track(long_trip: LongTrip, fleet: Fleet, run_task: TaskRunner) -> None:
    for status in ("at_dropoff", "completed"):
        await fleet.step(long_trip.id, status)
    await run_task(ProcessTripCompletion(trip_id=UUID(long_trip.id)))
    shown = await fleet.ok("GET", f"/v1/trips/{long_trip.id}/completion")

    assert (shown["distance_source"], shown["mileage"]) == ("estimate", [])
