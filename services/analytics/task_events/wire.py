"""Celery's events as they travel: kombu publishes each on a channel of Redis, as JSON whose body is JSON in base64.

They are read here without kombu, whose consumer would bind a queue of its own and has no asyncio. The body is one event, or a
list of those that a worker has gathered (`task.multi`).
"""

import base64
import binascii
from typing import Any, Final

import orjson

PATTERN: Final = "/0.celeryev/*"
"""The standard exchange `celeryev` in database 0, under every routing key."""

Event = dict[str, Any]


class Unreadable(ValueError):
    """What came is no event."""


def events_of(data: bytes) -> list[Event]:
    """All events of one publication. Raises Unreadable."""
    try:
        envelope = orjson.loads(data)
        body = envelope["body"]
        if envelope["properties"].get("body_encoding") == "base64":
            body = base64.b64decode(body)
        found = orjson.loads(body)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Unreadable(type(error).__name__) from None
    events = found if isinstance(found, list) else [found]
    if not all(isinstance(event, dict) and isinstance(event.get("type"), str) for event in events):
        raise Unreadable("no event")
    return events
