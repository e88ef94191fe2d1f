"""Shapes of the stops API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.trips.stops.detection import Stop


class StopOut(BaseModel):
    """Where a vehicle stood."""

    began_at: datetime
    ended_at: datetime
    duration_s: int
    latitude: float
    longitude: float
    points: int


class StopsOut(BaseModel):
    """Where a vehicle stood within a period, by the points that are known now."""

    vehicle_id: UUID
    since: datetime
    until: datetime
    stops: list[StopOut]


def shown_stop(stop: Stop) -> StopOut:
    """A stop as it is shown."""
    return StopOut(
        began_at=stop.began_at,
        ended_at=stop.ended_at,
        duration_s=round((stop.ended_at - stop.began_at).total_seconds()),
        latitude=round(stop.latitude, 6),
        longitude=round(stop.longitude, 6),
        points=stop.points,
    )
