"""Vehicles: what carries whom."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.trips.vehicles.errors import PlateTaken, VehicleCarriesNobody, VehicleHasTrips, VehicleNotFound
from services.trips.vehicles.models import Vehicle
from services.trips.vehicles.repository import VehicleReader, VehicleRepository
from services.trips.vehicles.schemas import VehicleChange, VehicleIn
from shared.runtime.clock import Clock
from shared.runtime.db import constraint_of
from shared.runtime.ids import uuid7

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""

_TAKEN: Final = "another vehicle of yours has this plate; correct it, or retire the other one first"


async def vehicle_of(vehicles: VehicleReader, vehicle_id: UUID, organization_id: UUID | None) -> Vehicle:
    """A vehicle. Raises VehicleNotFound, also for another organization's."""
    return _found(await vehicles.find(vehicle_id, organization_id))


class Vehicles:
    """Writes in one unit of work."""

    def __init__(self, vehicles: VehicleRepository, clock: Clock) -> None:
        self._vehicles = vehicles
        self._clock = clock

    async def create(self, organization_id: UUID, new: VehicleIn) -> Vehicle:
        """A vehicle in service. Raises VehicleCarriesNobody and PlateTaken."""
        values = new.model_dump() | {"id": uuid7(), "organization_id": organization_id}
        _carries(values)
        created = await self._vehicles.create(values, self._clock())
        if created is None:
            raise PlateTaken(_TAKEN)
        return created

    async def change(self, vehicle_id: UUID, organization_id: UUID | None, change: VehicleChange, check: Check) -> Vehicle:
        """What changes nothing makes no version.

        Raises VehicleNotFound, VehicleCarriesNobody, VehicleHasTrips, PlateTaken and what `check` raises.
        """
        known = _found(await self._vehicles.find(vehicle_id, organization_id, lock=True))
        check(known.version)
        values = {name: value for name, value in change.values().items() if value != getattr(known, name)}
        if not values:
            return known
        _carries({name: getattr(known, name) for name in ("seats", "wheelchair_places", "stretchers", "bariatric")} | values)
        if values.get("status") == "retired" and await self._vehicles.open_trips(vehicle_id):
            raise VehicleHasTrips("there are trips of it that have not ended; end them or give them to another vehicle first")
        try:
            return await self._vehicles.change(vehicle_id, values, self._clock())
        except IntegrityError as error:
            if constraint_of(error) == "vehicles_by_plate":
                raise PlateTaken(_TAKEN) from None
            raise


def _carries(values: Mapping[str, Any]) -> None:
    if not values["seats"] + values["wheelchair_places"] + values["stretchers"]:
        raise VehicleCarriesNobody("the vehicle has no seat, no wheelchair place and no stretcher; give it one")
    if values["bariatric"] and not values["stretchers"]:
        raise VehicleCarriesNobody("bariatric passengers lie on a stretcher, and the vehicle has none; give it one")


def _found(vehicle: Vehicle | None) -> Vehicle:
    if vehicle is None:
        raise VehicleNotFound("there is no vehicle with this id; GET /v1/vehicles lists those that there are")
    return vehicle
