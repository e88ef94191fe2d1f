"""What positions say of how far a trip was, recorded as mileage of the source `gps` when the completion asks."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.trips.completion.distance import RecordedMileage, ends
from services.trips.completion.models import Distance
from services.trips.completion.repository import CompletionRepository
from services.trips.positions.errors import TrackTooLong
from services.trips.positions.long_tracks import whole_track
from services.trips.positions.repository import PositionReader
from services.trips.tracks.measuring import Measured, measure
from services.trips.trips.models import Trip

BY: Final = "trips.positions"


class TrackedMileage:
    """A `RecordedMileage` that records what positions say before it answers with the best of all that is recorded."""

    def __init__(self, recorded: RecordedMileage, completions: CompletionRepository, positions: PositionReader) -> None:
        self._recorded = recorded
        self._completions = completions
        self._positions = positions

    async def of(self, trip: Trip) -> Distance | None:
        """The best that is recorded. A track with holes is none: it would say too little. Nor is one that is too long to read."""
        way = loaded(trip)
        if way is not None and trip.vehicle_id is not None:
            begin, end = way
            measured = await self._measured(trip, trip.vehicle_id, begin, end)
            if measured is not None and measured.is_whole:
                # A line begins at somebody's door.
                hidden = {"polyline"} if trip.passenger_forgotten_at else set()
                evidence = {name: value for name, value in measured.evidence.items() if name not in hidden}
                values = {"trip_id": trip.id, "source": "gps", "distance_m": measured.distance_m, "evidence": evidence}
                await self._completions.record(values | {"recorded_at": end, "recorded_by": BY})
        return await self._recorded.of(trip)

    async def _measured(self, trip: Trip, vehicle_id: UUID, begin: datetime, end: datetime) -> Measured | None:
        try:
            places = await whole_track(self._positions, vehicle_id, begin, end, trip_id=trip.id, ask="say the distance")
        except TrackTooLong:
            return None
        return measure(places, begin, end, ends=ends(trip))


def loaded(trip: Trip) -> tuple[datetime, datetime] | None:
    """From when until when the passenger was driven, as far as somebody has said so; None for a trip that has not ended."""
    begin = trip.onboard_at or trip.pickup_arrived_at or trip.started_at
    end = trip.dropoff_arrived_at or trip.ended_at
    return (begin, end) if begin is not None and end is not None and end - begin > timedelta(0) else None
