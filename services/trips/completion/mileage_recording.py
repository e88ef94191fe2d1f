"""Recording how far a trip was. Positions of devices say it here, too, as source `gps`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.trips.completion.errors import NotYetDriven
from services.trips.completion.models import MileageSource
from services.trips.completion.repository import CompletionRepository
from services.trips.completion.service import TripCompletion
from services.trips.trips.repository import TripReader
from services.trips.trips.service import held_trip


class MileageRecording:
    """Writes in one unit of work."""

    def __init__(self, trips: TripReader, completions: CompletionRepository, completion: TripCompletion) -> None:
        self._trips = trips
        self._completions = completions
        self._completion = completion

    async def record(
        self,
        trip_id: UUID,
        organization_id: UUID | None,
        source: MileageSource,
        distance_m: int,
        evidence: Mapping[str, Any],
        *,
        by: str,
        at: datetime,
    ) -> None:
        """Write what the source says, in the place of what it has said before. A completed trip is corrected by it.

        evidence: what it was found by, as JSON. Raises TripNotFound and NotYetDriven.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, lambda _: None)
        if trip.started_at is None:
            raise NotYetDriven("nobody has set out for this trip yet, so there is nothing to measure")
        row = {"trip_id": trip.id, "source": source, "distance_m": distance_m, "evidence": dict(evidence)}
        await self._completions.record(row | {"recorded_at": at, "recorded_by": by})
        await self._completion.correct(trip, at)
