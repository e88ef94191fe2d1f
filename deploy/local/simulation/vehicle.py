"""One vehicle, its driver and its device, on one trip."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from deploy.local.simulation.device import Device, Log, drive
from deploy.local.simulation.patience import PatientApi
from deploy.local.simulation.plan import Plan
from deploy.local.simulation.tracks import Spot, Track

PICKUP_SHARE: Final = 0.3
"""Of the time, the way to the pickup."""
_REFUSED: Final = httpx.codes.CONFLICT
_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Ride:
    """What was made for one vehicle. trip: as the API has shown it when it was requested."""

    trip: Any
    driver_id: str
    vehicle_id: str
    device: Device

    @property
    def log(self) -> Log:
        return self.device.log


class SimulatedVehicle:
    """Drives one trip from its offer to its end, over the public API alone."""

    def __init__(self, api: PatientApi, client: httpx.AsyncClient, plan: Plan, number: int) -> None:
        self._api = api
        self._client = client
        self._plan = plan
        self._number = number
        # Each decides for itself, so that the order in which tasks have their turn changes nothing.
        self._chance = random.Random(f"{plan.seed}:{number}")
        track = Track(plan.waypoints)
        self._track = Track(plan.waypoints, begins_m=track.length_m * self._chance.random())
        self._metres = plan.seconds * plan.speed_mps

    async def prepare(self, more: Mapping[str, Any] = _NOTHING, driver: Mapping[str, Any] = _NOTHING) -> Ride:
        """A trip that is offered to its driver. more: what else is asked for with it. driver: what else is said of who drives."""
        name = f"Driver {self._number + 1}"
        made = await self._api.make("/v1/drivers", **{"name": name, **driver})
        vehicle = await self._api.make("/v1/vehicles", plate=f"SIM{self._number + 1:05}", seats=4, wheelchair_places=1)
        device = await self._api.make("/v1/devices", vehicle_id=vehicle["id"], identifier=f"simulated-{uuid4().hex}")
        now = datetime.now(UTC)
        trip = await self._api.make("/v1/trips", **self._wanted(now), **more)
        path = f"/v1/trips/{trip['id']}"
        planned = {"pickup_at": now.isoformat(), "dropoff_at": (now + timedelta(seconds=self._plan.seconds + 600)).isoformat()}
        await self.act(path, "schedule", **planned)
        await self.act(path, "offer", driver_id=made["id"], vehicle_id=vehicle["id"])
        reporting = Device(self._client, device["token"], self._plan, self._chance)
        return Ride(trip, made["id"], vehicle["id"], reporting)

    async def accept(self, ride: Ride) -> None:
        """The driver will do it."""
        await self.act(f"/v1/trips/{ride.trip['id']}", "offer/accept")

    async def get_ready(self) -> Ride:
        """A trip that its driver has accepted."""
        ride = await self.prepare()
        await self.accept(ride)
        return ride

    async def drive(self, ride: Ride) -> None:
        """To the pickup, to the drop-off, and to the end, reporting on the way."""
        await self.step(ride, "en_route_pickup")
        pickup_m = self._metres * PICKUP_SHARE
        along = await drive(ride.device, self._plan, self._track.after, 0.0, pickup_m)
        await self.step(ride, "at_pickup")
        await self.step(ride, "onboard")
        await drive(ride.device, self._plan, self._track.after, along, self._metres - pickup_m)
        await self.step(ride, "at_dropoff")
        await ride.device.finish()
        await self.step(ride, "completed")

    async def step(self, ride: Ride, status: str) -> None:
        """Take the trip to its next status. One that an answer was lost of is not taken twice."""
        path = f"/v1/trips/{ride.trip['id']}"
        body = {"status": status, "acting_as": "driver"}
        answer = await self._api.ask("POST", f"{path}/steps", json=body, headers={"If-Match": "*"})
        if answer.status_code == _REFUSED and (await self._api.get(path))["status"] == status:
            return
        answer.raise_for_status()

    async def act(self, path: str, action: str, **fields: Any) -> None:
        """Do something about the trip."""
        headers = {"If-Match": "*", "Idempotency-Key": str(uuid4())}
        (await self._api.ask("POST", f"{path}/{action}", json=fields, headers=headers)).raise_for_status()

    def _wanted(self, now: datetime) -> dict[str, Any]:
        pickup = self._track.after(self._metres * PICKUP_SHARE)
        return {
            "trip_type": "simulated",
            "pickup": _place(f"Pickup {self._number + 1}", pickup),
            "dropoff": _place(f"Drop-off {self._number + 1}", self._track.after(self._metres)),
            "pickup_at": now.isoformat(),
        }


def _place(label: str, spot: Spot) -> dict[str, Any]:
    return {"label": label, "latitude": spot.latitude, "longitude": spot.longitude}
