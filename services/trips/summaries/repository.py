"""The statement that sums up a person's day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.trips.trips.models import TripStatus
from shared.runtime.db import ReadSession

MAX_TRIPS: Final = 1000

# Their day, where they are: a day of 23 hours is one, too.
_DAY: Final = text("""
    SELECT number, pickup_at, pickup_label AS pickup, dropoff_label AS dropoff, trips.status, distance_m
      FROM drivers JOIN trips ON trips.driver_id = drivers.id LEFT JOIN trip_completions ON trip_id = trips.id
     WHERE drivers.id = :driver_id
       AND pickup_at >= CAST(CAST(:day AS date) AS timestamp) AT TIME ZONE time_zone
       AND pickup_at < (CAST(CAST(:day AS date) AS timestamp) + interval '1 day') AT TIME ZONE time_zone
     ORDER BY pickup_at, trips.id LIMIT :maximum
""")


@dataclass(frozen=True, slots=True)
class TripOfDay:
    """One trip of a driver's day. distance_m: None for one that is not worked off."""

    number: str
    pickup_at: datetime
    pickup: str
    dropoff: str
    status: TripStatus
    distance_m: int | None


class SummaryReader:
    """What is read for summaries."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def driver_day(self, driver_id: UUID, day: date) -> list[TripOfDay]:
        """A driver's trips whose pickup was planned for a day of theirs, in the order of the day; at most MAX_TRIPS."""
        rows = await self._session.execute(_DAY, {"driver_id": driver_id, "day": day, "maximum": MAX_TRIPS})
        return [TripOfDay(**row._asdict()) for row in rows]
