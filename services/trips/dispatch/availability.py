"""Who can do a trip, shown to the dispatcher."""

from datetime import datetime
from uuid import UUID

from services.trips.dispatch.availability_repository import AvailabilityReader
from services.trips.dispatch.candidates import ranked
from services.trips.dispatch.models import needs_of
from services.trips.dispatch.schemas import Availability, CandidateOut, DriverFound, VehicleFound
from services.trips.trips.errors import StatusForbids
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of


class AvailabilitySearch:
    """Reads only: what it finds free may be bound a moment later, and the offer says so then."""

    def __init__(self, trips: TripReader, availability: AvailabilityReader) -> None:
        self._trips = trips
        self._availability = availability

    async def of(self, trip_id: UUID, organization_id: UUID | None, at: datetime) -> Availability:
        """All drivers and vehicles beside the trip. Raises TripNotFound, and StatusForbids for one without its times."""
        trip = await trip_of(self._trips, trip_id, organization_id)
        if trip.planned is None:
            raise StatusForbids(f"the trip is {trip.status} and has no times yet; schedule it first", trip_status=trip.status)
        needs = needs_of(trip)
        drivers = await self._availability.drivers(needs, at, trip_id=trip.id)
        vehicles = await self._availability.vehicles(needs, at)
        return Availability(
            candidates=[CandidateOut(driver_id=pair.driver.id, vehicle_id=pair.vehicle.id) for pair in ranked(drivers, vehicles)],
            drivers=[DriverFound.model_validate(one) for one in drivers],
            vehicles=[VehicleFound.model_validate(one) for one in vehicles],
        )
