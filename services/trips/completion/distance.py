"""How far a trip was: recorded, or estimated where nothing is recorded."""

from typing import Protocol

from services.trips.completion.models import Distance
from services.trips.eta.models import DETOUR
from services.trips.positions.geodesy import metres_between
from services.trips.trips.models import Trip


class RecordedMileage(Protocol):
    """Where recorded mileage comes from. Positions of devices may be one, and work it out when they are asked."""

    async def of(self, trip: Trip) -> Distance | None:
        """The best that is recorded of a trip that has ended, None for nothing."""


def ends(trip: Trip) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Latitude and longitude of where it begins, and of where it goes; None for a trip whose places are no points."""
    if trip.pickup_lat is None or trip.pickup_lon is None or trip.dropoff_lat is None or trip.dropoff_lon is None:
        return None
    return (trip.pickup_lat, trip.pickup_lon), (trip.dropoff_lat, trip.dropoff_lon)


def estimate(trip: Trip) -> Distance | None:
    """The straight line with its detour; None for a trip whose places are no points."""
    if (known := ends(trip)) is None:
        return None
    pickup, dropoff = known
    return Distance(round(metres_between(*pickup, *dropoff) * DETOUR), "estimate")
