"""When a vehicle will be there: the straight line with its detours, by the speed of the last minutes.

There is no map behind it, and no history: what it says is as good as its two constants, so it says from when to when as well.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from services.trips.eta.models import DETOUR, USUAL_MPS, USUAL_S
from services.trips.positions.geodesy import metres_between

_FASTER, _SLOWER = 1.3, 0.7
_LONGEST_WAY: Final = 1.7
"""Of the straight line: by the next bridge. These three are assumptions, and the answer calls them no percentile."""


class Fix(Protocol):
    """A place at a moment, in degrees."""

    @property
    def recorded_at(self) -> datetime: ...
    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Speed:
    """speed_mps: that is counted with. driven_s: from how much driving, before what is usual was added."""

    speed_mps: float
    driven_s: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a vehicle is expected, and from when to when it may well be. expected_m: of the way that is left."""

    expected_m: float
    arrives_at: datetime
    earliest_at: datetime
    latest_at: datetime


def recent_speed(track: Sequence[Fix]) -> Speed:
    """By the points of the last minutes, in the order of time, with the stops among them."""
    hops = itertools.pairwise(track)
    metres = sum(metres_between(one.latitude, one.longitude, other.latitude, other.longitude) for one, other in hops)
    seconds = (track[-1].recorded_at - track[0].recorded_at).total_seconds() if track else 0.0
    return Speed((metres + USUAL_MPS * USUAL_S) / (seconds + USUAL_S), seconds)


def arrival(straight_m: float, speed: Speed, fix_at: datetime, now: datetime) -> Arrival:
    """From a fix on. Where the vehicle has been since nobody knows: it may have gone on all the time, or stood."""
    speed_mps = speed.speed_mps
    known_at = min(fix_at, now)
    expected = known_at + timedelta(seconds=straight_m * DETOUR / speed_mps)
    earliest = known_at + timedelta(seconds=straight_m / (speed_mps * _FASTER))
    latest = now + timedelta(seconds=straight_m * _LONGEST_WAY / (speed_mps * _SLOWER))
    return Arrival(straight_m * DETOUR, max(expected, now), max(earliest, now), latest)
