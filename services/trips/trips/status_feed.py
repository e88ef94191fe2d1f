"""Statuses of trips as those who follow them live get them: from the history, which is the truth.

A follower remembers the version of each trip that it has shown, and asks for what came after. A row of the history is written by
the transaction of its step, so nothing is shown that did not happen, and nothing is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.trips.trips.models import TripEvent, TripStatus
from services.trips.trips.repository import TripReader


@dataclass(frozen=True, slots=True)
class StatusShown:
    """A step of a trip. number: the trip's version that it made. message: what followers are told with it."""

    trip_id: UUID
    number: int
    status: TripStatus
    message: str | None
    at: datetime


class StatusFeed(Protocol):
    """Where followers get statuses from."""

    async def after(self, seen: Mapping[UUID, int]) -> Sequence[StatusShown]:
        """What happened to these trips after the versions that were seen, each trip's in order."""


class HistoryFeed:
    """Reads them from PostgreSQL, all trips' in one statement; a `StatusFeed`."""

    def __init__(self, trips: TripReader) -> None:
        self._trips = trips

    async def after(self, seen: Mapping[UUID, int]) -> Sequence[StatusShown]:
        """Without who did it and why: followers are shown no more than they need."""
        return [_shown(event) for event in await self._trips.events_after(seen)]


def _shown(event: TripEvent) -> StatusShown:
    message = (event.details or {}).get("message")
    return StatusShown(event.trip_id, event.number, event.to_status, message if isinstance(message, str) else None, event.at)
