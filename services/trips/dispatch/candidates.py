"""Who is asked first: pairs of a driver and a vehicle that can do a trip together."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.trips.dispatch.availability_repository import AvailabilityReader
from services.trips.dispatch.errors import NobodyAvailable, NotAvailable
from services.trips.dispatch.models import Candidate, FoundDriver, FoundVehicle, Hindrance, Needs
from services.trips.drivers.errors import DriverNotFound
from services.trips.vehicles.errors import VehicleNotFound


def may_drive(driver: FoundDriver, vehicle: FoundVehicle) -> bool:
    """Whether the driver's licence is for the vehicle."""
    return vehicle.licence_class is None or vehicle.licence_class in driver.licence_classes


def ranked(drivers: Sequence[FoundDriver], vehicles: Sequence[FoundVehicle]) -> list[Candidate]:
    """One pair for each driver who can do it: those with the fewest trips first, then who has their usual vehicle, then the
    vehicle with the fewest places to spare."""
    free = [vehicle for vehicle in vehicles if not vehicle.hindrances]
    pairs = [
        Candidate(driver, chosen)
        for driver in drivers
        if not driver.hindrances and (chosen := _vehicle_for(driver, free)) is not None
    ]
    return sorted(pairs, key=_suits)


def _suits(pair: Candidate) -> tuple[int, bool, int]:
    return pair.driver.trips_that_day, pair.vehicle.id != pair.driver.usual_vehicle_id, pair.vehicle.spare


def _vehicle_for(driver: FoundDriver, free: Sequence[FoundVehicle]) -> FoundVehicle | None:
    fitting = [vehicle for vehicle in free if may_drive(driver, vehicle)]
    usual = [vehicle for vehicle in fitting if vehicle.id == driver.usual_vehicle_id]
    return next(iter(usual or fitting), None)


class Candidates:
    """Finds them for a trip."""

    def __init__(self, availability: AvailabilityReader) -> None:
        self._availability = availability

    async def of(
        self, needs: Needs, at: datetime, trip_id: UUID, driver_id: UUID | None, vehicle_id: UUID | None
    ) -> list[Candidate]:
        """The best suited first, as it is at this moment; of the driver and the vehicle that are named, where they are.

        Raises DriverNotFound, VehicleNotFound, NotAvailable with what stands in the way of those who are named, and
        NobodyAvailable.
        """
        drivers = await self._availability.drivers(needs, at, trip_id=trip_id)
        vehicles = await self._availability.vehicles(needs, at)
        if driver_id is not None:
            drivers = [_named_driver(drivers, driver_id)]
        if vehicle_id is not None:
            vehicles = [_named_vehicle(vehicles, vehicle_id)]
        pairs = ranked(drivers, vehicles)
        if not pairs and driver_id is not None and vehicle_id is not None:
            raise NotAvailable("the driver's licence is not for this vehicle; name another driver, or another vehicle")
        if not pairs:
            raise NobodyAvailable("nobody who is free fits this trip; GET its candidates to see what stands in everybody's way")
        return pairs


def _named_driver(drivers: Sequence[FoundDriver], driver_id: UUID) -> FoundDriver:
    found = next((driver for driver in drivers if driver.id == driver_id), None)
    if found is None:
        raise DriverNotFound("there is no driver with this id who has not left; GET /v1/drivers lists those that there are")
    # Who names a driver may ask them a second time.
    hindrances: list[Hindrance] = [one for one in found.hindrances if one != "asked_before"]
    if hindrances:
        raise NotAvailable(f"the driver cannot do it: {_said(hindrances)}", driver=hindrances)
    return FoundDriver(found.id, found.name, found.licence_classes, found.usual_vehicle_id, found.trips_that_day, hindrances)


def _named_vehicle(vehicles: Sequence[FoundVehicle], vehicle_id: UUID) -> FoundVehicle:
    found = next((vehicle for vehicle in vehicles if vehicle.id == vehicle_id), None)
    if found is None:
        raise VehicleNotFound("there is no vehicle with this id that is not retired; GET /v1/vehicles lists those that there are")
    if found.hindrances:
        raise NotAvailable(f"the vehicle cannot do it: {_said(found.hindrances)}", vehicle=found.hindrances)
    return found


def _said(hindrances: Sequence[Hindrance]) -> str:
    return ", ".join(one.replace("_", " ") for one in hindrances)
