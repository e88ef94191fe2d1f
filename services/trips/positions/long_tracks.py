"""Tracks of which nobody knows how long they are, read in parts and no further than can be held."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.trips.positions.errors import TrackTooLong
from services.trips.positions.models import Place
from services.trips.positions.repository import PositionReader

MOST_PLACES: Final = 100_000
"""Of one answer: more than a day with a position each second, and some dozens of megabytes."""
PAGE: Final = 5_000
"""Places that are read at once: other requests have their turn in between."""


async def whole_track(
    positions: PositionReader,
    vehicle_id: UUID,
    begin: datetime,
    end: datetime,
    *,
    trip_id: UUID | None = None,
    ask: str,
) -> list[Place]:
    """Where a vehicle was from `begin` until `end`, both included, in the order of time.

    ask: how to ask for less. Raises TrackTooLong, which says so.
    """
    found: list[Place] = []
    while True:
        after = found[-1].recorded_at if found else None
        page = await positions.places(vehicle_id, begin, end, trip_id=trip_id, after=after, limit=PAGE)
        found += page
        if len(found) > MOST_PLACES:
            raise TrackTooLong(f"there are more than {MOST_PLACES:,} positions; {ask}")
        if len(page) < PAGE:
            return found
