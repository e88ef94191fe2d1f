"""Tracks along a way of straight pieces."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deploy.local.simulation.plan import Waypoint

EARTH_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a track, in degrees, and the direction in which it goes on, clockwise from north."""

    latitude: float
    longitude: float
    heading_deg: float


@dataclass(frozen=True, slots=True)
class _Piece:
    begin: Waypoint
    end: Waypoint
    metres: float
    heading_deg: float


class Track:
    """A way there and back again, for ever, from `begins_m` metres along it."""

    def __init__(self, waypoints: Sequence[Waypoint], begins_m: float = 0.0) -> None:
        there = list(waypoints)
        way = [*there, *reversed(there[:-1])]
        self._pieces = [_piece(begin, end) for begin, end in itertools.pairwise(way)]
        self._begins_m = begins_m
        self.length_m = sum(piece.metres for piece in self._pieces)

    def after(self, metres: float) -> Spot:
        """Where somebody is who has come so far."""
        left = (self._begins_m + metres) % self.length_m
        for piece in self._pieces:
            if left < piece.metres:
                return _along(piece, left / piece.metres)
            left -= piece.metres
        return _along(self._pieces[-1], 1.0)


def _piece(begin: Waypoint, end: Waypoint) -> _Piece:
    north = math.radians(end[0] - begin[0])
    east = math.radians(end[1] - begin[1]) * math.cos(math.radians((begin[0] + end[0]) / 2))
    # Of pieces as short as those of a town, the flat formula is exact to the metre.
    return _Piece(begin, end, EARTH_M * math.hypot(north, east), math.degrees(math.atan2(east, north)) % 360)


def _along(piece: _Piece, share: float) -> Spot:
    latitude, longitude = (begin + (end - begin) * share for begin, end in zip(piece.begin, piece.end, strict=True))
    return Spot(round(latitude, 7), round(longitude, 7), round(piece.heading_deg, 2))
