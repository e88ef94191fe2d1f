"""Trips as they are read, and the steps that people take them through."""

from collections.abc import Callable
from uuid import UUID

from services.trips.drivers.repository import DriverReader
from services.trips.drivers.service import known_driver
from services.trips.trips.errors import TripNotFound
from services.trips.trips.life_cycle import effects, plan, require, require_reason
from services.trips.trips.models import Step, Trip, TripStatus
from services.trips.trips.repository import TripReader
from services.trips.trips.schemas import AssignIn, ScheduleIn
from services.trips.trips.writing_repository import TripRepository
from services.trips.vehicles.repository import VehicleReader
from services.trips.vehicles.service import vehicle_of

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def trip_of(trips: TripReader, trip_id: UUID, organization_id: UUID | None) -> Trip:
    """A trip. Raises TripNotFound, also for another organization's."""
    return _found(await trips.find(trip_id, organization_id))


async def held_trip(trips: TripReader, trip_id: UUID, organization_id: UUID | None, check: Check) -> Trip:
    """A trip that nobody else changes until the unit of work ends. Raises TripNotFound and what `check` raises."""
    trip = _found(await trips.find(trip_id, organization_id, lock=True))
    check(trip.version)
    return trip


class TripSteps:
    """Takes trips on their way, in one unit of work. Every change raises the version and stands in the history."""

    def __init__(self, trips: TripRepository, drivers: DriverReader, vehicles: VehicleReader) -> None:
        self._trips = trips
        self._drivers = drivers
        self._vehicles = vehicles

    async def schedule(self, trip_id: UUID, organization_id: UUID | None, times: ScheduleIn, step: Step, check: Check) -> Trip:
        """Plan when it is driven: for the first time, at other times, or because the passenger has called.

        Raises TripNotFound, StatusForbids, TimesImpossible and what `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, "scheduled", step.role)
        values = effects("scheduled", step.at) | plan(times.pickup_at, times.dropoff_at)
        return await self._trips.change(trip, values, step)

    async def assign(self, trip_id: UUID, organization_id: UUID | None, who: AssignIn, step: Step, check: Check) -> Trip:
        """Give it to a driver with a vehicle. Raises TripNotFound, StatusForbids, DriverNotFound, DriverErased, VehicleNotFound
        and what `check` raises."""
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, "assigned", step.role)
        driver = await known_driver(self._drivers, who.driver_id, trip.organization_id, hold="known")
        vehicle = await vehicle_of(self._vehicles, who.vehicle_id, trip.organization_id)
        values = effects("assigned", step.at) | {"driver_id": driver.id, "vehicle_id": vehicle.id}
        return await self._trips.change(trip, values, step)

    async def move(self, trip_id: UUID, organization_id: UUID | None, to_status: TripStatus, step: Step, check: Check) -> Trip:
        """Take the next step. Raises TripNotFound, StatusForbids, ReasonMissing and what `check` raises."""
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, to_status, step.role)
        require_reason(to_status, step)
        values = effects(to_status, step.at) if to_status != trip.status else {}
        return await self._trips.change(trip, values, step)


def _found(trip: Trip | None) -> Trip:
    if trip is None:
        raise TripNotFound("there is no trip with this id; GET /v1/trips lists those that there are")
    return trip
