"""How far a track goes, and what shows that it does: for bills that somebody may doubt."""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from services.trips.positions.geodesy import metres_between

STANDING_M: Final = 10.0
"""Places of a vehicle that stands still differ by less; what is nearer to the last counted place is not counted."""
LONGEST_GAP: Final = timedelta(minutes=2)
"""Over a longer silence nobody knows where the vehicle went, and the straight line would say too little."""
LONGEST_STAND: Final = timedelta(minutes=10)
"""So long a silence is none between two places that are NEAR_M from each other: trackers that report by distance say nothing
while they stand."""
NEAR_M: Final = 100.0
LEAST_OF_LINE: Final = 0.9
"""No way is shorter than the straight line. An address is no point, so that a tenth and NEAR_M at either end may be missing."""
MOST_DRAWN: Final = 2000
Spot = tuple[float, float]
"""Latitude and longitude in degrees."""


class Place(Protocol):
    """A place at a moment."""

    @property
    def recorded_at(self) -> datetime: ...

    @property
    def latitude(self) -> float: ...

    @property
    def longitude(self) -> float: ...


@dataclass(frozen=True, slots=True)
class End:
    """Where and when a way begins or ends."""

    recorded_at: datetime
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A distance and its evidence, as JSON."""

    distance_m: int
    is_whole: bool
    evidence: dict[str, Any]


def measure(places: Sequence[Place], begin: datetime, end: datetime, *, ends: tuple[Spot, Spot] | None = None) -> Measured | None:
    """How far it went between two moments; None without two places.

    ends: where it began and where it ended, if that is known. is_whole: there was no silence in which the vehicle may have gone
    some way, and it is no shorter than from the one end to the other.
    """
    if len(places) < 2:
        return None
    metres, anchor = 0.0, places[0]
    for place in places[1:]:
        hop = _metres(anchor, place)
        if hop >= STANDING_M:
            metres, anchor = metres + hop, place
    moments = [begin, *(place.recorded_at for place in places), end]
    gap = max(after - before for before, after in itertools.pairwise(moments))
    evidence = {
        "points": len(places),
        "first_at": _text(places[0].recorded_at),
        "last_at": _text(places[-1].recorded_at),
        "longest_gap_s": round(gap.total_seconds()),
        "sha256": digest(places),
        "polyline": polyline(places[:: -(-len(places) // MOST_DRAWN)]),
    }
    return Measured(round(metres), _is_whole(places, begin, end, ends, metres), evidence)


def _is_whole(places: Sequence[Place], begin: datetime, end: datetime, ends: tuple[Spot, Spot] | None, metres: float) -> bool:
    if ends is None:
        return max(places[0].recorded_at - begin, end - places[-1].recorded_at) <= LONGEST_GAP and _is_seen(places)
    first, last = End(begin, *ends[0]), End(end, *ends[1])
    return _is_seen([first, *places, last]) and metres + 2 * NEAR_M >= LEAST_OF_LINE * _metres(first, last)


def _is_seen(places: Sequence[Place]) -> bool:
    for before, after in itertools.pairwise(places):
        silence = after.recorded_at - before.recorded_at
        if silence > LONGEST_STAND or (silence > LONGEST_GAP and _metres(before, after) > NEAR_M):
            return False
    return True


def _metres(one: Place, other: Place) -> float:
    return metres_between(one.latitude, one.longitude, other.latitude, other.longitude)


def digest(places: Iterable[Place]) -> str:
    """SHA-256 over a line `time,latitude,longitude` for each place: with six digits, and times in UTC with microseconds."""
    summed = hashlib.sha256()
    for place in places:
        at = place.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
        summed.update(f"{at},{place.latitude:.6f},{place.longitude:.6f}\n".encode())
    return summed.hexdigest()


def polyline(places: Iterable[Place]) -> str:
    """Google's encoded polyline with five digits, which maps draw."""
    text, before = [], (0, 0)
    for place in places:
        here = (round(place.latitude * 1e5), round(place.longitude * 1e5))
        for new, old in zip(here, before, strict=True):
            text.append(_encoded(new - old))
        before = here
    return "".join(text)


def _encoded(value: int) -> str:
    value, text = ~(value << 1) if value < 0 else value << 1, ""
    while value >= 0x20:
        text += chr((0x20 | value & 0x1F) + 63)
        value >>= 5
    return text + chr(value + 63)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
