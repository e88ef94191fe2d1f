"""Stops of vehicles and of trips."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.trips.positions.long_tracks import whole_track
from services.trips.positions.repository import PositionReader
from services.trips.stops.detection import StopRule, find_stops
from services.trips.stops.errors import PeriodTooLong
from services.trips.stops.schemas import StopsOut, shown_stop
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from services.trips.vehicles.repository import VehicleReader
from services.trips.vehicles.service import vehicle_of
from shared.runtime.clock import Clock

LONGEST: Final = timedelta(hours=25)
"""A day of any zone: what is looked through at once."""


class Stops:
    """Finds stops in the points that are known now. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, positions: PositionReader, trips: TripReader, vehicles: VehicleReader, clock: Clock) -> None:
        self._positions = positions
        self._trips = trips
        self._vehicles = vehicles
        self._clock = clock

    async def of_vehicle(
        self, vehicle_id: UUID, organization_id: UUID | None, since: datetime, until: datetime | None, rule: StopRule
    ) -> StopsOut:
        """Within a period, which ends now where it has no end. Raises VehicleNotFound, PeriodTooLong and TrackTooLong."""
        await vehicle_of(self._vehicles, vehicle_id, organization_id)
        return await self._within(
            vehicle_id, since, until or self._clock(), rule, ask="ask for a shorter period: since=…&until=…"
        )

    async def of_trip(self, trip_id: UUID, organization_id: UUID | None, rule: StopRule) -> StopsOut | None:
        """From setting out to the end, or to now; None while nobody has set out.

        Raises TripNotFound, PeriodTooLong and TrackTooLong.
        """
        trip = await trip_of(self._trips, trip_id, organization_id)
        if trip.vehicle_id is None or trip.started_at is None:
            return None
        ask = f"ask for parts of the trip: /v1/vehicles/{trip.vehicle_id}/stops?since=…&until=…"
        return await self._within(trip.vehicle_id, trip.started_at, trip.ended_at or self._clock(), rule, ask=ask)

    async def _within(self, vehicle_id: UUID, since: datetime, until: datetime, rule: StopRule, *, ask: str) -> StopsOut:
        if not timedelta() <= until - since <= LONGEST:
            raise PeriodTooLong(f"a period has at most 25 hours and begins before it ends; {ask}")
        track = await whole_track(self._positions, vehicle_id, since, until, ask=ask)
        # A point each second for a day takes a second to look through, and others must have their turn.
        found = await asyncio.to_thread(find_stops, track, rule)
        return StopsOut(vehicle_id=vehicle_id, since=since, until=until, stops=[shown_stop(stop) for stop in found])
