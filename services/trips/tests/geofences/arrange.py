"""A yard with a fence, and a vehicle that reports near it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.trips.tests.fleet import Fleet
from services.trips.tests.positions.arrange import HERE, POSITIONS, point
from shared.contracts.trips import WatchGeofences
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

FENCES: Final = "/v1/geofences"
YARD: Final[dict[str, Any]] = {
    "name": "Yard",
    "shape": {"type": "circle", "latitude": HERE[0], "longitude": HERE[1], "radius_m": 100},
    "dwell_s": 300,
}


@dataclass(frozen=True, slots=True)
class Way:
    """A vehicle that reports, and a watch that looks."""

    fleet: Fleet
    device: ApiClient
    vehicle_id: str
    clock: FrozenClock
    run_task: TaskRunner

    async def report(self, *places: tuple[float, float]) -> None:
        """Places as (seconds after nine, metres north)."""
        sent = [point(-second, north_m=north) for second, north in places]
        self.clock.set(MONDAY_MORNING + timedelta(seconds=max(second for second, _ in places)))
        answer = await self.device.post(f"{POSITIONS}/batch", json=sent)
        assert answer.json()["accepted"] == len(places), answer.text

    async def look(self) -> None:
        """Have the watch look at all that has come."""
        assert (await self.run_task(WatchGeofences(slot=self.clock()))).outcome == "done"

    async def events(self) -> list[tuple[str, float]]:
        """All events after another look, in order, as (kind, seconds after nine)."""
        await self.look()
        return await self.noted()

    async def noted(self) -> list[tuple[str, float]]:
        """All events that are known, in order, as (kind, seconds after nine)."""
        found = (await self.fleet.ok("GET", "/v1/geofence-events", params={"vehicle_id": self.vehicle_id}))["items"]
        return [(one["kind"], _seconds(one["at"])) for one in reversed(found)]


def _seconds(moment: str) -> float:
    minutes, seconds = moment.removesuffix("Z").split(":")[1:]
    return round(int(minutes) * 60 + float(seconds), 1)
