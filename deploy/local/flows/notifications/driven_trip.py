"""A trip that somebody drives, so that trips has something to say of their day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from deploy.local.flows.notifications.cast import PLAIN
from deploy.local.flows.notifications.chapter import Chapter
from deploy.local.polling import ask_until

ZONE: Final = "Asia/Kolkata"
DISTANCE_M: Final = 18_400
_STEPS: Final = ("en_route_pickup", "at_pickup", "onboard", "at_dropoff", "completed")


@dataclass(frozen=True)
class DrivenTrip:
    """Who has driven it, as other services name them; its number, and the day where the driver is."""

    driver: str
    number: str
    day: date


async def drive(chapter: Chapter) -> DrivenTrip:
    """A driver of trips, whom trips makes known to notifications, and a trip of 18.4 km that they complete today."""
    async with chapter.world.stack.api("trips") as api:
        trips = _Trips(api, str(chapter.cast.organizations[PLAIN]))
        driver = await trips.post("drivers", name="Imran", email=chapter.cast.email("imran.khan"), time_zone=ZONE)
        vehicle = await trips.post("vehicles", plate=f"MH12{chapter.cast.run[:6]}", seats=3)
        now = datetime.now(UTC)
        trip = await trips.post(
            "trips", pickup={"label": "Gate 2"}, dropoff={"label": "Dock 7"}, pickup_at=now.isoformat(), mobility="ambulatory"
        )
        await trips.act(trip, "schedule", pickup_at=now.isoformat(), dropoff_at=(now + timedelta(hours=1)).isoformat())
        await trips.act(trip, "offer", driver_id=driver["id"], vehicle_id=vehicle["id"])
        await trips.act(trip, "offer/accept")
        await trips.act(trip, "steps", status=_STEPS[0], acting_as="driver")
        await trips.measure(trip)
        for status in _STEPS[1:]:
            await trips.act(trip, "steps", status=status, acting_as="driver")
        await trips.worked_off(trip)
    return DrivenTrip(f"trips.driver:{driver['id']}", trip["number"], now.astimezone(ZoneInfo(ZONE)).date())


class _Trips:
    """The API of trips, for one organization."""

    def __init__(self, api: httpx.AsyncClient, organization_id: str) -> None:
        self._api = api
        self._whose = {"organization_id": organization_id}

    async def post(self, what: str, **fields: Any) -> Any:
        """Make something."""
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await self._api.post(f"/v1/{what}", params=self._whose, json=fields, headers=headers)
        return answer.raise_for_status().json()

    async def act(self, trip: Any, action: str, **fields: Any) -> None:
        """Do something about a trip."""
        path = f"/v1/trips/{trip['id']}/{action}"
        (await self._api.post(path, json=fields, headers={"If-Match": "*"})).raise_for_status()

    async def measure(self, trip: Any) -> None:
        """What the odometer says."""
        readings = {"odometer_start_m": 0, "odometer_end_m": DISTANCE_M}
        (await self._api.put(f"/v1/trips/{trip['id']}/mileage", json=readings)).raise_for_status()

    async def worked_off(self, trip: Any) -> None:
        """Wait until the trip's facts are fixed."""

        async def ask() -> int:
            answer = await self._api.get(f"/v1/trips/{trip['id']}/completion")
            return int(answer.json()["revision"]) if answer.is_success else 0

        await ask_until(ask, bool)
