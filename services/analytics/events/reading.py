"""Reading an event out of JSON."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.analytics.events.event_models import (
    MAX_EVENT_BYTES,
    MAX_NAME,
    MAX_REFERENCE,
    EventUnreadable,
    NewEvent,
    Refusal,
)

_FIELDS: Final = frozenset({"id", "name", "occurred_at", "user_id", "session_id", "value", "properties"})
_LARGEST: Final = 2**53
"""Beyond it a number that a browser sends is not the one that was meant."""


def read_event(value: Any, payload: str | None = None) -> NewEvent | Refusal:
    """The event, or what is wrong with it. payload: the text that it was read from, where there is one."""
    text = payload if payload is not None else orjson.dumps(value).decode()
    size = len(text.encode())
    name = _name_of(value)
    if size > MAX_EVENT_BYTES:
        said = f"the event has {size} bytes, at most {MAX_EVENT_BYTES} are taken; send an id of what is large"
        return Refusal("too_large", said, text, name)
    try:
        return _event(value)
    except EventUnreadable as error:
        return Refusal("invalid", str(error), text, name)


def _event(value: Any) -> NewEvent:
    if not isinstance(value, dict):
        raise EventUnreadable('an event is an object: {"id": …, "name": …, "occurred_at": …}')
    if not value.keys() <= _FIELDS:
        unknown = ", ".join(sorted(value.keys() - _FIELDS))[:200]
        raise EventUnreadable(f"there is no field {unknown}; what an event says beyond {_FIELDS_SHOWN} belongs into properties")
    return NewEvent(
        event_id=_id(value.get("id")),
        name=_name(value.get("name")),
        occurred_at=_moment(value.get("occurred_at")),
        user_id=_reference(value, "user_id"),
        session_id=_reference(value, "session_id"),
        value=_value(value.get("value")),
        properties=_properties(value.get("properties")),
    )


_FIELDS_SHOWN: Final = "id, name, occurred_at, user_id, session_id and value"


def _name_of(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= MAX_NAME and "\x00" not in name else None


def _id(value: Any) -> UUID:
    if value is None:
        raise EventUnreadable("id is missing: give each event a UUID of its own, by which it counts once however often it comes")
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise EventUnreadable("id is not a UUID") from None


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise EventUnreadable("name is missing: say what has happened, such as shop.product_viewed")
    if len(value) > MAX_NAME or "\x00" in value:
        raise EventUnreadable(f"name is longer than {MAX_NAME} characters, or holds what no text can")
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise EventUnreadable("occurred_at is missing, or no text: a time such as 2026-11-20T06:00:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise EventUnreadable("occurred_at is not a time such as 2026-11-20T06:00:00Z") from None
    if moment.tzinfo is None:
        raise EventUnreadable("occurred_at has no offset; add Z for UTC, or one such as +05:30")
    return moment


def _reference(value: dict[str, Any], field: str) -> str | None:
    found = value.get(field)
    if found is None:
        return None
    if not isinstance(found, str) or not 0 < len(found) <= MAX_REFERENCE or "\x00" in found:
        raise EventUnreadable(f"{field} is not a text of 1 to {MAX_REFERENCE} characters")
    return found


def _value(value: Any) -> int | None:
    if value is None:
        return None
    # A truth value is an integer in Python, and a float here would make sums that depend on their order.
    if type(value) is not int or abs(value) > _LARGEST:
        raise EventUnreadable("value is not an integer; count in the smallest unit, such as paise or milliseconds")
    return value


def _properties(value: Any) -> str | None:
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        raise EventUnreadable("properties is not an object")
    text = orjson.dumps(value).decode()
    if "\\u0000" in text:
        raise EventUnreadable("properties hold a zero character, which no text in the database can")
    return text
