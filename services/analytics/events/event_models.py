"""Something that has happened, as whoever saw it says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

Reason = Literal["invalid", "future", "too_old", "too_large", "unknown_name", "reserved_name"]
"""Why an event was put aside."""

NOBODYS: Final = UUID(int=0)
"""The organization of events that belong to none."""
MAX_EVENT_BYTES: Final = 32 * 1024
"""Segment's limit of one event."""
MAX_NAME: Final = 100
MAX_REFERENCE: Final = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """Which moments are believed. ahead: how far before us a clock may be. late: how late an event may come.

    kept: for how long raw events are, and so the oldest that a person may let in who knows that it is late.
    """

    ahead: timedelta = timedelta(minutes=5)
    late: timedelta = timedelta(days=30)
    kept: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event. properties: JSON text of an object, or None. version: a newer one of the same event replaces it."""

    event_id: UUID
    name: str
    occurred_at: datetime
    user_id: str | None = None
    session_id: str | None = None
    value: int | None = None
    properties: str | None = None
    source: str = "api"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is put aside. detail: what was wrong and how to mend it. payload: as it came."""

    reason: Reason
    detail: str
    payload: str
    name: str | None = None


class EventUnreadable(ValueError):
    """What was sent is no event; the message says why."""
