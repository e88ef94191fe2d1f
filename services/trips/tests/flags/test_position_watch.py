"""The watch over positions: devices that fall silent, and vehicles that stand for too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.trips.tests.fleet import THEIRS, Fleet, at, fleet_of
from services.trips.tests.positions.arrange import POSITIONS, point, reporter
from shared.contracts.notifications import SendNotification
from shared.contracts.trips import CheckTripTimeouts
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient

NINE = MONDAY_MORNING
DISPATCHER = "trips.driver:desk"


@dataclass(frozen=True, slots=True)
class Ride:
    """A trip under way since nine, and the device of its vehicle."""

    fleet: Fleet
    device: ApiClient
    trip_id: str
    clock: FrozenClock
    run_task: TaskRunner

    async def reports(self, *places: tuple[float, float]) -> None:
        """Report places as (minutes after nine, metres north) at once, at the time of the newest."""
        self.clock.set(NINE + timedelta(minutes=max(minute for minute, _ in places)))
        sent = [point(-60 * minute, north_m=north) for minute, north in places]
        answer = await self.device.post(f"{POSITIONS}/batch", json=sent)
        assert answer.json()["accepted"] == len(places), answer.text

    async def flags(self, minute: float, **params: Any) -> Sequence[Any]:
        """Those that are open after a run at so many minutes after nine."""
        assert (await self.run_task(CheckTripTimeouts(slot=NINE + timedelta(minutes=minute)))).outcome == "done"
        return list((await self.fleet.ok("GET", "/v1/trip-flags", params=params))["items"])

    async def kinds(self, minute: float) -> list[str]:
        """Of the flags that are open then."""
        return sorted(flag["kind"] for flag in await self.flags(minute))


@pytest_asyncio.fixture
async def ride(fleet: Fleet, client: ApiClient, clock: FrozenClock, run_task: TaskRunner) -> Ride:
    """The driver has set out at nine; somebody is told of flags."""
    return await set_out(fleet, client, clock, run_task)


async def set_out(fleet: Fleet, client: ApiClient, clock: FrozenClock, run_task: TaskRunner, **fields: Any) -> Ride:
    """A trip for ten to eleven whose driver has set out."""
    await fleet.ok("PUT", "/v1/dispatch-settings", json={"dispatcher": DISPATCHER})
    trip_id = await fleet.assigned(pickup_at=at(10), **({"appointment_at": None} | fields))
    await fleet.drive(trip_id, "en_route_pickup")
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    device, _ = await reporter(fleet, client, vehicle_id)
    return Ride(fleet, device, trip_id, clock, run_task)


async def test_a_silent_device_is_flagged_once_escalated_and_cleared_by_its_next_position(ride: Ride, session: Session) -> None:
    before = await ride.kinds(10)
    never_heard = [await ride.kinds(10.1) for _ in range(2)]
    await ride.reports((11, 0))
    heard = await ride.kinds(12)
    # Points that come late are older than what is known, and say nothing of where it is now.
    ride.clock.set(NINE + timedelta(minutes=20))
    await ride.device.post(POSITIONS, json=point(-600))
    silent = await ride.kinds(21.1)
    await ride.kinds(52)
    told = [str(one.context["status"]) for one in await published(session, SendNotification) if one.to_person == DISPATCHER]

    kind = ["device_silent"]
    assert (before, never_heard, heard, silent) == ([], [kind, kind], [], kind)
    said = "not heard of: its vehicle's device is silent"
    assert told == [said, said, f"still {said}"]


async def test_a_vehicle_without_a_device_is_not_silent(ride: Ride) -> None:
    vehicle_id = (await ride.fleet.ok("GET", f"/v1/trips/{ride.trip_id}"))["vehicle_id"]
    (device,) = (await ride.fleet.ok("GET", "/v1/devices", params={"vehicle_id": vehicle_id}))["items"]
    shown = await ride.fleet.api.get(f"/v1/devices/{device['id']}")
    await ride.fleet.ok("POST", f"/v1/devices/{device['id']}/revoke", headers={"If-Match": shown.headers["etag"]})

    assert await ride.kinds(30) == []


async def test_a_stop_on_the_way_is_flagged_with_its_beginning_until_the_vehicle_goes_on(ride: Ride) -> None:
    await ride.reports((1, 0), (5, 3000), (20, 3040), (34, 2970))
    short = await ride.kinds(34)
    await ride.reports((36, 3010))
    (stopped,) = await ride.flags(36)
    again = await ride.kinds(37)
    await ride.reports((38, 3500))
    gone_on = await ride.kinds(38)

    assert (short, again, gone_on) == ([], ["prolonged_stop"], [])
    assert (stopped["kind"], stopped["detail"]["since"]) == ("prolonged_stop", "2026-03-02T09:05:00+00:00")


async def test_a_point_that_comes_late_takes_a_stop_back(ride: Ride) -> None:
    await ride.reports((5, 3000), (36, 3010))
    stood = await ride.kinds(36)
    await ride.reports((20, 5000), (36.5, 3010))

    assert (stood, await ride.kinds(37)) == (["prolonged_stop"], [])


async def test_standing_at_the_pickup_is_no_stop_on_the_way(ride: Ride) -> None:
    await ride.reports((5, 3000))
    await ride.fleet.step(ride.trip_id, "at_pickup")
    await ride.reports((36, 3000))
    waiting = await ride.kinds(36)
    await ride.fleet.step(ride.trip_id, "onboard")
    await ride.reports((38, 3000))

    assert (waiting, await ride.kinds(38)) == ([], [])


async def test_an_organization_settles_when_it_is_told(ride: Ride, client: ApiClient) -> None:
    path = "/v1/watch-settings"
    before = await ride.fleet.ok("GET", path)
    await ride.fleet.ok("PUT", path, json={"stop_after_s": 600, "stop_radius_m": 50, "silent_after_s": 3600})
    refused = await ride.fleet.api.put(path, json={"stop_after_s": 1})
    foreign = await fleet_of(client, THEIRS).ok("GET", path)
    await ride.reports((5, 3000), (10, 3060), (21, 3060))

    assert [one["stop_after_s"] for one in (before, foreign)] == [1800, 1800]
    assert (refused.status_code, UUID(foreign["organization_id"])) == (422, THEIRS)
    assert await ride.kinds(40) == ["prolonged_stop"]


async def test_a_trip_is_late_by_where_its_vehicle_is_before_it_is_late_by_its_plan(
    fleet: Fleet, client: ApiClient, clock: FrozenClock, run_task: TaskRunner
) -> None:
    ride = await set_out(fleet, client, clock, run_task, appointment_at=at(11, 15))
    await ride.reports((5, 0))
    near = await ride.kinds(6)
    await ride.reports((29, 40_000))
    (far,) = await ride.flags(30)
    old = await ride.kinds(61)
    for status in ("at_pickup", "onboard"):
        await ride.fleet.step(ride.trip_id, status)
    await ride.reports((90, 39_000))
    far_on_board = await ride.kinds(91)
    await ride.reports((110, 0))

    assert (near, far["kind"], old) == ([], "late_for_appointment", ["device_silent"])
    assert (far_on_board, await ride.kinds(111)) == (["late_for_appointment"], [])
    # 40 km with their detours at 7 m/s, and an hour's ride.
    assert (far["detail"]["recorded_at"], far["detail"]["expected_at"][:16]) == ("2026-03-02T09:29:00+00:00", "2026-03-02T12:32")


async def test_the_watch_expects_a_vehicle_when_its_estimate_does(
    fleet: Fleet, client: ApiClient, clock: FrozenClock, run_task: TaskRunner
) -> None:
    ride = await set_out(fleet, client, clock, run_task, appointment_at=at(11))
    await ride.reports((20, 9000), (24, 8000), (29, 6000), (30, 5500))
    for status in ("at_pickup", "onboard"):
        await ride.fleet.step(ride.trip_id, status)
    clock.set(NINE + timedelta(minutes=115))
    await ride.reports((112, 9000), (113, 8000), (115, 6000))
    estimated = (await fleet.ok("GET", f"/v1/trips/{ride.trip_id}/eta"))["arrival"]["arrives_at"]
    (late,) = await ride.flags(115)

    assert datetime.fromisoformat(late["detail"]["expected_at"]) == pytest.approx(
        datetime.fromisoformat(estimated), abs=timedelta(seconds=1)
    )
