"""Where a vehicle has stood, found in the points of its track.

A stop is a run of points that all lie within a radius of its first one, and that lasts long enough: the stay points of Li et al.,
"Mining User Similarity Based on Location History" (2008). Nothing is remembered between two times that somebody asks, so a point
that came late counts as if it had come in time, and the same points give the same stops.

Most points begin no stop, and a day has many of them. What shows that for one point, that nothing follows for long enough or
another point that is too far away, mostly shows it for the next as well, so it is looked at first.
"""

from collections.abc import Iterator, Sequence
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
    begin = 0
    for end in range(1, len(track) + 1):
        if end == len(track) or track[end].recorded_at - track[end - 1].recorded_at > rule.gap:
            found += (_stop(track[first:last]) for first, last in _stays(track, begin, end, rule))
            begin = end
    return found


def _stays(track: Sequence[Fix], begin: int, end: int, rule: StopRule) -> Iterator[tuple[int, int]]:
    """From which number to which the stops are of the points from `begin` to `end`, which have no gap between them."""
    first = due = away = begin
    while True:
        # The first point with which a stop that begins at `first` would last long enough.
        while due < end and track[due].recorded_at - track[first].recorded_at < rule.lasts:
            due += 1
        if due == end:
            return
        found = _away(track, first, max(away, first + 1), due + 1, rule.radius_m)
        if found is not None:
            first, away = first + 1, found
            continue
        last = _first_away(track, first, due + 1, end, rule.radius_m)
        yield first, last
        first = due = away = last


def _away(track: Sequence[Fix], first: int, likely: int, end: int, radius_m: float) -> int | None:
    """The number of a point before `end` that is not near the one at `first`, looked for from `likely` on at first; None where
    all are near."""
    for begin, stop in ((likely, end), (first + 1, likely)):
        number = _first_away(track, first, begin, stop, radius_m)
        if number < stop:
            return number
    return None


def _first_away(track: Sequence[Fix], first: int, begin: int, end: int, radius_m: float) -> int:
    """The number of the first point, from `begin` to `end`, that is not near the one at `first`; `end` where all are."""
    anchor = track[first]
    for number in range(begin, end):
        point = track[number]
        if metres_between(anchor.latitude, anchor.longitude, point.latitude, point.longitude) > radius_m:
            return number
    return end


def _stop(points: Sequence[Fix]) -> Stop:
    count = len(points)
    # As offsets from the first, so that a stop on the 180th meridian lies there and not in Greenwich.
    first = points[0]
    east = sum((point.longitude - first.longitude + 540) % 360 - 180 for point in points) / count
    north = sum(point.latitude for point in points) / count
    return Stop(first.recorded_at, points[-1].recorded_at, north, (first.longitude + east + 540) % 360 - 180, count)
