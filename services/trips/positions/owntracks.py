"""OwnTracks over HTTP: one JSON object per request, `_type` says what it is (booklet, "HTTP" and "JSON").

`tst` is in seconds, `vel` in kilometres per hour, `batt` in percent. Any answer of 2xx ends the phone's tries; what it gets back
is a list of objects for it, here always empty.
"""

import base64
import binascii
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from services.trips.positions.own_points import FIELDS, attributes
from services.trips.positions.point_models import Point, PointUnreadable

KMH_MPS: Final = 1 / 3.6
_LATEST_S: Final = 253_402_300_799
_FURTHER: Final = ("tid", "t", "bs", "conn", "vac", "p", "m", "created_at")
MAX_TEXT_CHARS: Final = 200


def identity_of(headers: Mapping[str, str], query: Mapping[str, str], body: Any) -> tuple[str | None, str | None]:
    """(`user/device`, token). The user is that of Basic authentication, of `u`, or of X-Limit-U; the token is its password.

    A phone that names no device puts it into the topic: `owntracks/user/device`.
    """
    basic_user, password = _basic(headers.get("authorization", ""))
    user = headers.get("x-limit-u") or query.get("u") or basic_user
    device = headers.get("x-limit-d") or query.get("d")
    topic = body.get("topic") if isinstance(body, dict) else None
    parts = topic.split("/") if isinstance(topic, str) else []
    if len(parts) >= 3:
        user, device = user or parts[1], device or parts[2]
    return (f"{user}/{device}" if user and device else None), password


def is_location(body: Any) -> bool:
    """Whether it says where the phone is; everything else is acknowledged and left alone."""
    return isinstance(body, dict) and body.get("_type") == "location"


def read_location(body: Mapping[str, Any]) -> Point:
    """The point of a `location`. Raises PointUnreadable."""
    stamp = _number(body, "tst")
    if stamp is None or not 0 <= stamp <= _LATEST_S:
        raise PointUnreadable("tst must be seconds since 1970")
    point = Point(datetime.fromtimestamp(stamp, UTC), _place(body, "lat", "latitude"), _place(body, "lon", "longitude"))
    point.source = "owntracks"
    if (speed := _number(body, "vel")) is not None:
        point.speed_mps = _within("speed_mps", speed * KMH_MPS)
    if (course := _number(body, "cog")) is not None and course >= 0:
        point.heading_deg = course % 360
    point.altitude_m = _within("altitude_m", _number(body, "alt"))
    point.accuracy_m = _within("accuracy_m", _number(body, "acc"))
    if (battery := _number(body, "batt")) is not None:
        point.battery_ratio = _within("battery_ratio", battery / 100)
    point.attributes = _further(body) or None
    return point


def _basic(header: str) -> tuple[str | None, str | None]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() == "bearer":
        return None, encoded.strip() or None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None, None
    return (user or None, password or None) if scheme.lower() == "basic" and colon else (None, None)


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value: Any = body.get(name)
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _place(body: Mapping[str, Any], name: str, field: str) -> float:
    found, (low, high) = _number(body, name), FIELDS[field]
    if found is None or not low <= found <= high:
        raise PointUnreadable(f"{name} must be a number from {low:g} to {high:g}")
    return found


def _within(name: str, value: float | None) -> float | None:
    low, high = FIELDS[name]
    return value if value is not None and low <= value <= high else None


def _further(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: body[name] for name in _FURTHER if isinstance(body.get(name), str | int | float)}
    regions = body.get("inregions")
    if isinstance(regions, list):
        found["inregions"] = ", ".join(one for one in regions if isinstance(one, str))
    try:
        return attributes({name: one[:MAX_TEXT_CHARS] if isinstance(one, str) else one for name, one in found.items()})
    except PointUnreadable:
        return {}
