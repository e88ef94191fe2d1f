"""When a vehicle will be there: by what is known, with how old that is, and from when to when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest_asyncio

from services.trips.eta.estimate import Speed, arrival, recent_speed
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of
from services.trips.tests.positions.arrange import HERE, POSITIONS, point, reporter
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.service import ApiClient

NINE = MONDAY_MORNING


@dataclass(frozen=True, slots=True)
class Ride:
    """A trip whose pickup is at the usual place, and the device of its vehicle."""

    fleet: Fleet
    device: ApiClient
    trip_id: str
    clock: FrozenClock

    async def report(self, *places: tuple[float, float]) -> None:
        """Places as (seconds after nine, metres north)."""
        self.clock.set(NINE + timedelta(seconds=max(second for second, _ in places)))
        sent = [point(-second, north_m=north) for second, north in places]
        answer = await self.device.post(f"{POSITIONS}/batch", json=sent)
        assert answer.json()["accepted"] == len(places), answer.text

    async def eta(self) -> Any:
        """What is said now."""
        return await self.fleet.ok("GET", f"/v1/trips/{self.trip_id}/eta")


@pytest_asyncio.fixture
async def ride(fleet: Fleet, client: ApiClient, clock: FrozenClock) -> Ride:
    """The driver has set out at nine."""
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    device, _ = await reporter(fleet, client, vehicle_id)
    return Ride(fleet, device, trip_id, clock)


def seconds(moment: str) -> int:
    """After nine."""
    return round((datetime.fromisoformat(moment) - NINE).total_seconds())


async def test_the_way_that_is_left_is_driven_by_the_speed_of_the_last_minutes(ride: Ride) -> None:
    # 3600 m in 360 s, with three minutes of 7 m/s beside: 9 m/s. 1800 m are left, 2340 m by road.
    await ride.report((0, 5400), (180, 3600), (360, 1800))
    found = await ride.eta()

    assert (found["next_place"], found["arrival"]["speed_mps"], found["arrival"]["expected_m"]) == ("pickup", 9.0, 2340)
    assert seconds(found["arrival"]["arrives_at"]) == 360 + 260
    assert (found["fix"]["age_s"], found["unknown"], found["hint"]["seems_arrived"]) == (0, None, False)


async def test_an_older_fix_says_less(ride: Ride) -> None:
    await ride.report((0, 5400), (180, 3600), (360, 1800))
    fresh = (await ride.eta())["arrival"]
    ride.clock.set(NINE + timedelta(seconds=560))
    old = await ride.eta()
    ride.clock.set(NINE + timedelta(seconds=2161))
    older = await ride.eta()

    assert (old["fix"]["age_s"], old["arrival"]["arrives_at"]) == (200, fresh["arrives_at"])
    # It may have driven all the time, and be there by now; or it may have stood since.
    assert seconds(old["arrival"]["latest_at"]) == seconds(fresh["latest_at"]) + 200
    assert seconds(old["arrival"]["earliest_at"]) == 560
    assert (older["arrival"], older["unknown"], older["fix"]["age_s"]) == (None, "position_too_old", 1801)


async def test_being_near_or_in_the_fence_of_the_place_is_a_hint_and_changes_no_status(ride: Ride) -> None:
    await ride.report((60, 90))
    near = (await ride.eta())["hint"]
    await ride.report((120, 400))
    away = (await ride.eta())["hint"]
    shape = {"type": "circle", "latitude": HERE[0], "longitude": HERE[1], "radius_m": 500}
    fence = await ride.fleet.ok("POST", "/v1/geofences", json={"name": "Clinic grounds", "shape": shape})
    within = await ride.eta()

    assert (near["seems_arrived"], away["seems_arrived"]) == (True, False)
    assert (within["hint"]["seems_arrived"], within["hint"]["geofence_id"]) == (True, fence["id"])
    assert within["status"] == "en_route_pickup"


async def test_who_is_on_board_is_going_to_the_dropoff(ride: Ride) -> None:
    await ride.report((60, 0))
    for status in ("at_pickup", "onboard"):
        await ride.fleet.step(ride.trip_id, status)

    found = await ride.eta()

    assert (found["next_place"], found["arrival"]["driven_s"]) == ("dropoff", 0)
    assert 5000 < found["arrival"]["straight_m"] < 5200


async def test_what_nobody_knows_is_said(ride: Ride, client: ApiClient) -> None:
    silent = await ride.eta()
    waiting = await ride.fleet.ok("GET", f"/v1/trips/{await ride.fleet.trip()}/eta")
    foreign = await fleet_of(client, THEIRS).api.get(f"/v1/trips/{ride.trip_id}/eta")

    assert (silent["unknown"], silent["fix"], waiting["unknown"]) == ("no_position", None, "not_under_way")
    assert code(foreign) == (404, "trip_not_found")


def test_nobody_arrives_in_the_past_or_never() -> None:
    late = arrival(10.0, Speed(7.0, 0.0), NINE - timedelta(minutes=10), NINE)

    assert late.earliest_at == late.arrives_at == NINE < late.latest_at
    assert recent_speed([]).speed_mps == 7.0
