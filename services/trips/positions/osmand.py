"""OsmAnd's live tracking and Traccar Client, as Traccar's own server reads them on port 5055 (its protocol `osmand`).

Up to version 8 the client sends pairs in the query, or the same pairs as the body: `id`, `lat`, `lon`, `timestamp`, `speed` in
knots, `bearing`, `altitude`, `accuracy`, `batt` in percent. From version 9 it sends JSON, with the speed in metres per second.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from services.trips.positions.own_points import FIELDS, attributes
from services.trips.positions.point_models import Point, PointUnreadable

KNOT_MPS: Final = 1852 / 3600
_INT32_MAX: Final = 2**31 - 1
_LATEST_S: Final = 253_402_300_799
"""The last second of the year 9999."""
_OWN: Final = frozenset(
    {"id", "deviceid", "lat", "lon", "location", "timestamp", "speed", "bearing", "heading", "altitude", "accuracy", "batt"}
    | {"valid", "token"}
)
MAX_TEXT_CHARS: Final = 200


class NotValid(PointUnreadable):
    """The client itself says that it knows no place."""


def pairs_of(text: str) -> dict[str, str]:
    """The last value of each name."""
    return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))


def identifier_of(pairs: Mapping[str, str]) -> str | None:
    """What the device calls itself."""
    return pairs.get("id") or pairs.get("deviceid") or None


def read_pairs(pairs: Mapping[str, str], now: datetime) -> Point | None:
    """The point of a query; None where it has no place, such as one that brings a token for messages. Raises PointUnreadable."""
    if not {"lat", "lon"} <= pairs.keys() and "location" not in pairs:
        return None
    if pairs.get("valid", "true").lower() not in ("true", "1"):
        raise NotValid("valid is not true: the client knows no place")
    latitude, longitude = _place(pairs)
    point = Point(_moment(pairs["timestamp"]) if pairs.get("timestamp") else now, latitude, longitude, source="osmand")
    if (speed := _known(pairs, "speed")) is not None:
        point.speed_mps = _within("speed_mps", speed * KNOT_MPS)
    point.heading_deg = _heading(_known(pairs, "bearing") if "bearing" in pairs else _known(pairs, "heading"))
    point.altitude_m = _within("altitude_m", _number(pairs["altitude"], "altitude")) if pairs.get("altitude") else None
    point.accuracy_m = _within("accuracy_m", _known(pairs, "accuracy"))
    if (battery := _known(pairs, "batt")) is not None:
        point.battery_ratio = min(1.0, battery / 100)
    point.attributes = _further(pairs) or None
    return point


def read_json(body: Any) -> tuple[str | None, Mapping[str, Any]]:
    """(what the device calls itself, its location) of a request of Traccar Client 9. Raises PointUnreadable."""
    if not isinstance(body, dict) or not isinstance(body.get("location"), dict):
        raise PointUnreadable("the body must be an object with `location` and `device_id`")
    name = body.get("device_id")
    return (str(name) if isinstance(name, str | int) and name != "" else None), body["location"]


def read_location(location: Mapping[str, Any], now: datetime) -> Point | None:
    """The point of a location in JSON; None where it has no place. Raises PointUnreadable."""
    coords, battery = location.get("coords"), location.get("battery")
    if not isinstance(coords, dict):
        return None
    stamp = location.get("timestamp")
    point = Point(_moment(str(stamp)) if stamp else now, _required(coords, "latitude"), _required(coords, "longitude"))
    point.source = "traccar"
    point.speed_mps = _within("speed_mps", _positive(coords.get("speed")))
    point.heading_deg = _heading(_positive(coords.get("heading")))
    point.altitude_m = _within("altitude_m", _float(coords.get("altitude")))
    point.accuracy_m = _within("accuracy_m", _positive(coords.get("accuracy")))
    if isinstance(battery, dict):
        point.battery_ratio = _within("battery_ratio", _positive(battery.get("level")))
    point.attributes = _facts(location, battery) or None
    return point


def _place(pairs: Mapping[str, str]) -> tuple[float, float]:
    if {"lat", "lon"} <= pairs.keys():
        parts: Sequence[str] = (pairs["lat"], pairs["lon"])
    else:
        parts = pairs["location"].split(",")
    if len(parts) != 2:
        raise PointUnreadable("location must be `latitude,longitude`")
    place = {"latitude": _number(parts[0], "lat"), "longitude": _number(parts[1], "lon")}
    return _required(place, "latitude"), _required(place, "longitude")


def _moment(text: str) -> datetime:
    """Seconds, or milliseconds from 2^31 on; ISO 8601; or `2026-11-20 06:00:00`, taken for UTC."""
    try:
        stamp = float(text)
    except ValueError:
        try:
            # In a query the plus of a zone has become a blank.
            found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise PointUnreadable("timestamp must be seconds, milliseconds, or a time like 2026-11-20T06:00:00Z") from None
    seconds = stamp if abs(stamp) < _INT32_MAX else stamp / 1000
    if not 0 <= seconds <= _LATEST_S:
        raise PointUnreadable("timestamp lies outside of the years 1970 to 9999")
    return datetime.fromtimestamp(seconds, UTC)


def _number(text: str, name: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise PointUnreadable(f"{name} must be a number")
    return found


def _known(pairs: Mapping[str, str], name: str) -> float | None:
    """A number that is not negative: negative ones say that nothing is known."""
    if not pairs.get(name):
        return None
    found = _number(pairs[name], name)
    return found if found >= 0 else None


def _float(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _positive(value: Any) -> float | None:
    found = _float(value)
    return found if found is not None and found >= 0 else None


def _required(place: Mapping[str, Any], name: str) -> float:
    found = _float(place.get(name))
    if found is None or _within(name, found) is None:
        low, high = FIELDS[name]
        raise PointUnreadable(f"{name} must be a number from {low:g} to {high:g}")
    return found


def _within(name: str, value: float | None) -> float | None:
    """The number where it can be one of these; what is beside the point is no reason to drop it."""
    low, high = FIELDS[name]
    return value if value is not None and low <= value <= high else None


def _heading(value: float | None) -> float | None:
    return value % 360 if value is not None else None


def _further(pairs: Mapping[str, str]) -> dict[str, Any]:
    return _kept({name: _said(value) for name, value in pairs.items() if name not in _OWN and value})


def _said(value: str) -> float | bool | str:
    """As Traccar reads other pairs: a number, else true or false, else the text."""
    try:
        found = float(value)
        if math.isfinite(found):
            return found
    except ValueError:
        pass
    return {"true": True, "false": False}.get(value, value[:MAX_TEXT_CHARS])


def _facts(location: Mapping[str, Any], battery: Any) -> dict[str, Any]:
    activity, extras = location.get("activity"), location.get("extras")
    found: dict[str, Any] = {name: location.get(name) for name in ("is_moving", "odometer", "event", "mock", "alarm")}
    found["activity"] = activity.get("type") if isinstance(activity, dict) else None
    found["is_charging"] = battery.get("is_charging") if isinstance(battery, dict) else None
    if isinstance(extras, dict):
        found |= {str(name): value for name, value in extras.items()}
    plain = {name: value for name, value in found.items() if isinstance(value, str | int | float) and value != ""}
    return _kept({name: value[:MAX_TEXT_CHARS] if isinstance(value, str) else value for name, value in plain.items()})


def _kept(found: dict[str, Any]) -> dict[str, Any]:
    """What can be kept; a client's extras are no reason to drop its place."""
    try:
        return attributes(found)
    except PointUnreadable:
        return {}
