"""Where a vehicle has stood, found in the points of its track.

A stop is a run of points that all lie within a radius of its first one, and that lasts long enough: the stay points of Li et al.,
"Mining User Similarity Based on Location History" (2008). Nothing is remembered between two times that somebody asks, so a point
that came late counts as if it had come in time, and the same points give the same stops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.trips.positions.geodesy import metres_between


class Fix(Protocol):
    """A place at a moment, in degrees."""

    @property
    def recorded_at(self) -> datetime: ...
    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...


@dataclass(frozen=True, slots=True)
class StopRule:
    """What a stop is. radius_m: within which the points lie. lasts: for how long at least.

    gap: the most time between two points of one stop; after more nobody knows where the vehicle was.
    """

    radius_m: float = 100.0
    lasts: timedelta = timedelta(minutes=3)
    gap: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop at the mean of its points, from the first of them to the last."""

    began_at: datetime
    ended_at: datetime
    latitude: float
    longitude: float
    points: int


def find_stops(track: Sequence[Fix], rule: StopRule) -> list[Stop]:
    """The stops of one vehicle, in order. track: its points in the order of time."""
    found: list[Stop] = []
    first = 0
    while first < len(track):
        end = _end_of_stay(track, first, rule)
        if track[end - 1].recorded_at - track[first].recorded_at >= rule.lasts:
            found.append(_stop(track[first:end]))
            first = end
        else:
            first += 1
    return found


def _end_of_stay(track: Sequence[Fix], first: int, rule: StopRule) -> int:
    """The number of the first point that is not near the one at `first` any more."""
    anchor = track[first]
    end = first + 1
    while end < len(track) and track[end].recorded_at - track[end - 1].recorded_at <= rule.gap:
        point = track[end]
        if metres_between(anchor.latitude, anchor.longitude, point.latitude, point.longitude) > rule.radius_m:
            break
        end += 1
    return end


def _stop(points: Sequence[Fix]) -> Stop:
    count = len(points)
    # As offsets from the first, so that a stop on the 180th meridian lies there and not in Greenwich.
    first = points[0]
    east = sum((point.longitude - first.longitude + 540) % 360 - 180 for point in points) / count
    north = sum(point.latitude for point in points) / count
    return Stop(first.recorded_at, points[-1].recorded_at, north, (first.longitude + east + 540) % 360 - 180, count)
