"""How far a trip was: recorded, or estimated where nothing is recorded."""

from math import asin, cos, radians, sin, sqrt
from typing import Final, Protocol

from services.trips.completion.models import Distance
from services.trips.trips.models import Trip

EARTH_RADIUS_M: Final = 6_371_008.8
"""The mean radius of WGS 84 (IUGG)."""
DETOUR: Final = 1.3
"""Roads between two places of a town, beside the straight line: 1.2 to 1.4 in what is published of detour indices."""


class RecordedMileage(Protocol):
    """Where recorded mileage comes from. Positions of devices may be one, and work it out when they are asked."""

    async def of(self, trip: Trip) -> Distance | None:
        """The best that is recorded of a trip that has ended, None for nothing."""


def straight_m(from_lat: float, from_lon: float, to_lat: float, to_lon: float) -> float:
    """The great circle between two points in degrees, in metres (haversine)."""
    south, north = radians(from_lat), radians(to_lat)
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(radians(to_lon - from_lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(half))


def estimate(trip: Trip) -> Distance | None:
    """The straight line with its detour; None for a trip whose places are no points."""
    if trip.pickup_lat is None or trip.pickup_lon is None or trip.dropoff_lat is None or trip.dropoff_lon is None:
        return None
    line = straight_m(trip.pickup_lat, trip.pickup_lon, trip.dropoff_lat, trip.dropoff_lon)
    return Distance(round(line * DETOUR), "estimate")
