"""How far a trip was: recorded, or estimated where nothing is recorded."""

from typing import Final, Protocol

from services.trips.completion.models import Distance
from services.trips.positions.geodesy import metres_between
from services.trips.trips.models import Trip

DETOUR: Final = 1.3
"""Roads between two places of a town, beside the straight line: 1.2 to 1.4 in what is published of detour indices."""


class RecordedMileage(Protocol):
    """Where recorded mileage comes from. Positions of devices may be one, and work it out when they are asked."""

    async def of(self, trip: Trip) -> Distance | None:
        """The best that is recorded of a trip that has ended, None for nothing."""


def estimate(trip: Trip) -> Distance | None:
    """The straight line with its detour; None for a trip whose places are no points."""
    if trip.pickup_lat is None or trip.pickup_lon is None or trip.dropoff_lat is None or trip.dropoff_lon is None:
        return None
    line = metres_between(trip.pickup_lat, trip.pickup_lon, trip.dropoff_lat, trip.dropoff_lon)
    return Distance(round(line * DETOUR), "estimate")
