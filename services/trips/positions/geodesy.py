"""Distances on the earth."""

import math
from typing import Final

MEAN_EARTH_RADIUS_M: Final = 6_371_008.8
"""IUGG's mean radius, the usual one for great circles."""


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great-circle distance (haversine)."""
    one, other = math.radians(latitude), math.radians(other_latitude)
    north, east = other - one, math.radians(other_longitude - longitude)
    chord = math.sin(north / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(east / 2) ** 2
    return 2 * MEAN_EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))
