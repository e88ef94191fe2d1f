"""Distances on the globe, as a sphere of the earth's mean radius (IUGG): off by half a percent at most."""

from math import acos, cos, pi, radians, sin
from typing import Final

EARTH_RADIUS_KM: Final = 6371.0088

Vector = tuple[float, float, float]


def vector_of(latitude: float, longitude: float) -> Vector:
    """The point on the unit sphere: the angle between two of them is cheaper than that of two pairs of degrees."""
    north, east = radians(latitude), radians(longitude)
    return (cos(north) * cos(east), cos(north) * sin(east), sin(north))


def distance_km(one: Vector, other: Vector) -> int:
    """Along the surface, rounded down."""
    cosine = one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
    # Rounding may lead beyond the values that a cosine can have.
    return int(EARTH_RADIUS_KM * acos(cosine)) if -1.0 < cosine < 1.0 else int(EARTH_RADIUS_KM * (0.0 if cosine > 0 else pi))
