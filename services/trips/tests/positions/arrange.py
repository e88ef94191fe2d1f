"""Devices that report, and what they say."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from services.trips.tests.fleet import Fleet
from shared.contracts.trips import BroadcastGpsUpdate
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

HERE: Final = (19.0544, 72.8277)
POSITIONS: Final = "/v1/positions"


def ago(**duration: float) -> str:
    """A moment before the tests' Monday morning."""
    return (MONDAY_MORNING - timedelta(**duration)).isoformat().replace("+00:00", "Z")


def point(seconds_ago: float = 0, north_m: float = 0, **fields: Any) -> dict[str, Any]:
    """A point in the service's own JSON. north_m: how far north of the usual place."""
    latitude, longitude = HERE
    usual = {"recorded_at": ago(seconds=seconds_ago), "latitude": latitude + north_m / 111_195, "longitude": longitude}
    return usual | {"accuracy_m": 5} | fields


def update(trip_id: str, seconds_ago: int = 0, **fields: Any) -> BroadcastGpsUpdate:
    """A message about where a trip's vehicle is."""
    usual = {"latitude": HERE[0], "longitude": HERE[1], "speed": 36, "heading": 180, "recorded_at": ago(seconds=seconds_ago)}
    return BroadcastGpsUpdate.model_validate({"trip_id": trip_id} | usual | fields)


async def vehicle(fleet: Fleet) -> str:
    """A vehicle with a plate of its own."""
    return await fleet.vehicle(f"MH{uuid4().hex[:8].upper()}")


async def device(fleet: Fleet, vehicle_id: str | None = None, **fields: Any) -> Any:
    """A new device, with its token; in a vehicle of its own where none is named."""
    body = {"identifier": uuid4().hex, "vehicle_id": vehicle_id or await vehicle(fleet)} | fields
    return await fleet.ok("POST", "/v1/devices", json=body)


async def reporter(fleet: Fleet, client: ApiClient, vehicle_id: str | None = None) -> tuple[ApiClient, str]:
    """The API as a new device, and the id of its vehicle."""
    made = await device(fleet, vehicle_id)
    return client.with_token(made["token"]), made["vehicle_id"]
