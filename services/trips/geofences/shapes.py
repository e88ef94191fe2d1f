"""Circles and polygons on the map, and where a straight piece of a way crosses their edges.

A shape is looked at on a plane in metres around its own middle: a fence is small enough for that, being at most 100 km wide.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from services.trips.positions.geodesy import MEAN_EARTH_RADIUS_M

XY = tuple[float, float]
"""Metres east and north of a shape's middle."""
Place = tuple[float, float]
"""Latitude and longitude in degrees."""
Crossing = tuple[Literal["enter", "exit"], float]
"""And after which share of the piece, from 0 to 1."""
DEGREE_M: Final = MEAN_EARTH_RADIUS_M * math.pi / 180


class Shape(Protocol):
    """An area on the map."""

    def flat(self, place: Place) -> XY:
        """A place on the shape's own plane."""

    def holds(self, point: XY) -> bool:
        """Whether a point lies within."""

    def edges_met(self, begin: XY, end: XY) -> list[float]:
        """After which shares of a piece it meets an edge, in no order."""


@dataclass(frozen=True, slots=True)
class Circle:
    """All that is no farther from the middle than the radius."""

    middle: Place
    radius_m: float

    def flat(self, place: Place) -> XY:
        return _flat(self.middle, place)

    def holds(self, point: XY) -> bool:
        return math.hypot(*point) <= self.radius_m

    def edges_met(self, begin: XY, end: XY) -> list[float]:
        east, north = end[0] - begin[0], end[1] - begin[1]
        square = east * east + north * north
        if square == 0:
            return []
        half = begin[0] * east + begin[1] * north
        inner = half * half - square * (begin[0] ** 2 + begin[1] ** 2 - self.radius_m**2)
        if inner < 0:
            return []
        root = math.sqrt(inner)
        return [share for share in ((-half - root) / square, (-half + root) / square) if 0 <= share <= 1]


@dataclass(frozen=True, slots=True)
class Polygon:
    """What a ring of corners encloses; where it overlaps itself, by the even-odd rule. The last corner leads to the first."""

    corners: Sequence[Place]

    def flat(self, place: Place) -> XY:
        return _flat(self.corners[0], place)

    def holds(self, point: XY) -> bool:
        inside = False
        for (east, north), (next_east, next_north) in self._edges():
            if (north > point[1]) != (next_north > point[1]):
                meets = east + (point[1] - north) / (next_north - north) * (next_east - east)
                inside ^= point[0] < meets
        return inside

    def edges_met(self, begin: XY, end: XY) -> list[float]:
        return [share for edge in self._edges() if (share := _met(begin, end, *edge)) is not None]

    def _edges(self) -> list[tuple[XY, XY]]:
        ring = [self.flat(corner) for corner in self.corners]
        return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def shape_of(kept: dict[str, Any]) -> Shape:
    """A shape from what is kept of it."""
    if kept["type"] == "circle":
        return Circle((kept["latitude"], kept["longitude"]), kept["radius_m"])
    return Polygon([(corner["latitude"], corner["longitude"]) for corner in kept["corners"]])


def crossings(shape: Shape, begin: Place, end: Place) -> list[Crossing]:
    """Where a straight piece enters and leaves a shape, in order: each once, the first time."""
    start, stop = shape.flat(begin), shape.flat(end)
    shares = sorted({0.0, 1.0, *shape.edges_met(start, stop)})
    found: dict[Literal["enter", "exit"], float] = {}
    inside = shape.holds(start)
    # Between two edges a piece is within or without as a whole, so its middle tells.
    for low, high in itertools.pairwise(shares):
        within = shape.holds(_between(start, stop, (low + high) / 2))
        if within != inside:
            found.setdefault("enter" if within else "exit", low)
            inside = within
    return sorted(found.items(), key=lambda one: one[1])


def holds(shape: Shape, place: Place) -> bool:
    """Whether a place lies within."""
    return shape.holds(shape.flat(place))


def _flat(middle: Place, place: Place) -> XY:
    east = (place[1] - middle[1] + 540) % 360 - 180
    return east * DEGREE_M * math.cos(math.radians(middle[0])), (place[0] - middle[0]) * DEGREE_M


def _between(begin: XY, end: XY, share: float) -> XY:
    return begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share


def _met(begin: XY, end: XY, corner: XY, other: XY) -> float | None:
    """After which share of a piece it meets an edge; None where it does not, or runs along it."""
    way, edge = (end[0] - begin[0], end[1] - begin[1]), (other[0] - corner[0], other[1] - corner[1])
    turn = way[0] * edge[1] - way[1] * edge[0]
    if turn == 0:
        return None
    off = corner[0] - begin[0], corner[1] - begin[1]
    share, along = (off[0] * edge[1] - off[1] * edge[0]) / turn, (off[0] * way[1] - off[1] * way[0]) / turn
    return share if 0 <= share <= 1 and 0 <= along <= 1 else None
