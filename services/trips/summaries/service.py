"""What trips has to say of a person's day."""

from datetime import date
from typing import Final
from uuid import UUID

from services.trips.drivers.repository import DriverReader
from services.trips.summaries.errors import PersonUnknown
from services.trips.summaries.repository import SummaryReader
from services.trips.summaries.schemas import TripLine, TripSummary

_DRIVER: Final = "trips.driver:"


class TripSummaries:
    """Reads only."""

    def __init__(self, summaries: SummaryReader, drivers: DriverReader) -> None:
        self._summaries = summaries
        self._drivers = drivers

    async def of(self, person: str, day: date, organization_id: UUID | None) -> TripSummary:
        """The day of a driver, by the driver's time zone. Raises PersonUnknown for anybody else, and for who is erased."""
        driver = await self._drivers.find(_driver_id(person), organization_id)
        if driver is None or driver.erased_at is not None:
            raise PersonUnknown("no driver has this reference; it is `trips.driver:<id>`")
        trips = await self._summaries.driver_day(driver.id, day)
        done = [trip for trip in trips if trip.status == "completed"]
        return TripSummary(
            trips=[TripLine.model_validate(trip) for trip in trips],
            completed=len(done),
            distance_m=sum(trip.distance_m or 0 for trip in done),
        )


def _driver_id(person: str) -> UUID:
    try:
        return UUID(person.removeprefix(_DRIVER)) if person.startswith(_DRIVER) else _nobody()
    except ValueError:
        return _nobody()


def _nobody() -> UUID:
    raise PersonUnknown("no driver has this reference; it is `trips.driver:<id>`")
