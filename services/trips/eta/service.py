"""When a trip's vehicle will be at its next place, and whether it seems to be there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.trips.eta.estimate import arrival, recent_speed
from services.trips.eta.models import OLDEST, RECENT
from services.trips.eta.schemas import ArrivalOut, EtaOut, FixOut, HintOut, NextPlace
from services.trips.geofences.repository import GeofenceReader
from services.trips.geofences.shapes import Place, holds, shape_of
from services.trips.positions.geodesy import metres_between
from services.trips.positions.models import LatestPosition
from services.trips.positions.repository import PositionReader
from services.trips.trips.models import Trip, TripStatus
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from shared.runtime.clock import Clock

ARRIVED_M: Final = 100.0
MOST_RECENT: Final = 6_000
"""Ten positions a second for as long as is looked back."""
_NEXT: Final[Mapping[TripStatus, NextPlace]] = {
    "en_route_pickup": "pickup",
    "at_pickup": "pickup",
    "onboard": "dropoff",
    "at_dropoff": "dropoff",
}


class Arrivals:
    """Reads in one session."""

    def __init__(self, trips: TripReader, positions: PositionReader, geofences: GeofenceReader, clock: Clock) -> None:
        self._trips = trips
        self._positions = positions
        self._geofences = geofences
        self._clock = clock

    async def of(self, trip_id: UUID, organization_id: UUID | None) -> EtaOut:
        """As it is now. Raises TripNotFound."""
        trip = await trip_of(self._trips, trip_id, organization_id)
        now = self._clock()
        found = EtaOut(trip_id=trip.id, status=trip.status, next_place=_NEXT.get(trip.status), calculated_at=now)
        if found.next_place is None or trip.vehicle_id is None:
            return found.model_copy(update={"unknown": "not_under_way"})
        fix = await self._positions.latest_of(trip.vehicle_id)
        place = _place(trip, found.next_place)
        if fix is None:
            return found.model_copy(update={"unknown": "no_position"})
        found.fix = _shown_fix(fix, now)
        if place is None:
            return found.model_copy(update={"unknown": "place_unknown"})
        if now - fix.recorded_at > OLDEST:
            return found.model_copy(update={"unknown": "position_too_old"})
        straight_m = metres_between(fix.latitude, fix.longitude, *place)
        hint, expected = await self._hint(trip, fix, place, straight_m), await self._arrival(fix, straight_m, now)
        return found.model_copy(update={"hint": hint, "arrival": expected})

    async def _arrival(self, fix: LatestPosition, straight_m: float, now: datetime) -> ArrivalOut:
        track = await self._positions.places(fix.vehicle_id, fix.recorded_at - RECENT, fix.recorded_at, limit=MOST_RECENT)
        speed = recent_speed(track)
        found = arrival(straight_m, speed, fix.recorded_at, now)
        return ArrivalOut(
            arrives_at=found.arrives_at,
            earliest_at=found.earliest_at,
            latest_at=found.latest_at,
            straight_m=round(straight_m),
            expected_m=round(found.expected_m),
            speed_mps=round(speed.speed_mps, 2),
            driven_s=round(speed.driven_s),
        )

    async def _hint(self, trip: Trip, fix: LatestPosition, place: Place, straight_m: float) -> HintOut:
        here = (fix.latitude, fix.longitude)
        around = await self._geofences.around(trip.organization_id, *place)
        shared = [fence for fence in around if holds(shape := shape_of(fence.shape), place) and holds(shape, here)]
        return HintOut(
            seems_arrived=bool(shared) or straight_m <= ARRIVED_M,
            distance_m=round(straight_m),
            geofence_id=shared[0].id if shared else None,
        )


def _place(trip: Trip, which: NextPlace) -> Place | None:
    latitude, longitude = (trip.pickup_lat, trip.pickup_lon) if which == "pickup" else (trip.dropoff_lat, trip.dropoff_lon)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _shown_fix(fix: LatestPosition, now: datetime) -> FixOut:
    # A device's clock may go before ours by minutes; a fix is never younger than new.
    age_s = max(0, round((now - fix.recorded_at).total_seconds()))
    return FixOut(recorded_at=fix.recorded_at, age_s=age_s, latitude=fix.latitude, longitude=fix.longitude)
