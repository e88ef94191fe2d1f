"""Points in the service's own JSON, checked by hand: a hundred thousand of them are one request."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.trips.positions.point_models import Point, PointUnreadable, Refusal, Source

FIELDS: Final[Mapping[str, tuple[float, float]]] = {
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "speed_mps": (0, 1000),
    "heading_deg": (0, 360),
    "altitude_m": (-1000, 100_000),
    "accuracy_m": (0, 1_000_000),
    "battery_ratio": (0, 1),
}
"""The numbers of a point, and from where to where they go."""
_KNOWN: Final = frozenset({*FIELDS, "recorded_at", "trip_id", "attributes"})
_OPTIONAL: Final = tuple(name for name in FIELDS if name not in ("latitude", "longitude"))
MAX_ATTRIBUTES_BYTES: Final = 2000
MAX_SAMPLE_CHARS: Final = 500


def read_point(value: Any) -> Point:
    """A point from decoded JSON. Raises PointUnreadable."""
    if not isinstance(value, dict):
        raise PointUnreadable('a point is an object like {"recorded_at": …, "latitude": …, "longitude": …}')
    if not value.keys() <= _KNOWN:
        raise PointUnreadable(f"only {', '.join(sorted(_KNOWN))} are known of a point; leave the others out")
    point = Point(moment(value.get("recorded_at"), "recorded_at"), number(value, "latitude"), number(value, "longitude"))
    for name in _OPTIONAL:
        if value.get(name) is not None:
            setattr(point, name, number(value, name))
    if value.get("trip_id") is not None:
        point.trip_id = _id(value["trip_id"])
    if value.get("attributes") is not None:
        point.attributes = attributes(value["attributes"])
    return point


def number(value: Mapping[str, Any], name: str) -> float:
    """One of FIELDS. Raises PointUnreadable for what is none, and for what lies outside."""
    found: Any = value.get(name)
    low, high = FIELDS[name]
    # A bool is an int to Python, and NaN lies nowhere.
    if type(found) not in (int, float) or not low <= found <= high:
        raise PointUnreadable(f"{name} must be a number from {low:g} to {high:g}")
    return float(found)


def moment(value: Any, name: str) -> datetime:
    """A time with its zone. Raises PointUnreadable."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise PointUnreadable(f"{name} must be a time like 2026-11-20T06:00:00Z") from None
    if found.tzinfo is None:
        raise PointUnreadable(f"{name} needs its zone, such as the Z of 2026-11-20T06:00:00Z")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise PointUnreadable(f"{name} lies outside of the years 1 to 9999") from None


def attributes(value: Any) -> dict[str, Any]:
    """What else a client says, as the database can keep it. Raises PointUnreadable."""
    if not isinstance(value, dict) or not all(isinstance(one, str | int | float | bool | None) for one in value.values()):
        raise PointUnreadable("attributes must be an object of texts, numbers and booleans")
    if any(isinstance(one, float) and not math.isfinite(one) for one in value.values()):
        raise PointUnreadable("a number among the attributes is none")
    try:
        text = orjson.dumps(value)
    except TypeError:
        raise PointUnreadable("attributes hold a text that is no Unicode, or a number that is too large") from None
    if len(text) > MAX_ATTRIBUTES_BYTES or b"\\u0000" in text:
        raise PointUnreadable(f"attributes must be {MAX_ATTRIBUTES_BYTES} bytes of JSON at most, without NUL characters")
    return value


def unreadable(value: Any, error: PointUnreadable, source: Source = "api") -> Refusal:
    """What is kept of something that is no point: it, shortened, as text, for it may be anything."""
    shown = ascii(value)[:MAX_SAMPLE_CHARS]
    return Refusal("invalid", str(error), {"sent": shown, "source": source})


def _id(value: Any) -> UUID:
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        raise PointUnreadable("trip_id must be a UUID") from None
