"""Where a trip went."""

from collections.abc import Sequence
from datetime import datetime

from services.trips.positions.models import Position
from services.trips.positions.repository import PositionReader
from services.trips.tracks.measuring import Measured, measure
from services.trips.trips.models import Trip

MOST_POINTS = 200_000


class Tracks:
    """Reads the tracks of trips, as far back as positions are kept."""

    def __init__(self, positions: PositionReader, now: datetime) -> None:
        self._positions = positions
        self._now = now

    async def of(self, trip: Trip) -> Sequence[Position]:
        """The places of a trip, in the order of time; none for one that nobody has set out for."""
        if trip.vehicle_id is None or trip.started_at is None:
            return []
        end = trip.ended_at or self._now
        return await self._positions.track(trip.vehicle_id, trip.started_at, end, trip_id=trip.id, limit=MOST_POINTS)

    def measured(self, trip: Trip, places: Sequence[Position]) -> Measured | None:
        """How far the whole track goes."""
        return measure(places, trip.started_at, trip.ended_at or self._now) if trip.started_at is not None else None
