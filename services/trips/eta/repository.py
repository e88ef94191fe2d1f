"""Statements on when vehicles will be there, for many trips at once: the same count as `estimate.py`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text

from services.trips.eta.models import OLDEST, RECENT, USUAL_MPS, USUAL_S
from shared.runtime.db import ReadSession

SPEED_MPS: Final = f"""
    SELECT (coalesce(sum(metres), 0) + {USUAL_MPS * USUAL_S})
           / (coalesce(extract(epoch FROM max(recorded_at) - min(recorded_at)), 0) + {USUAL_S})
      FROM (SELECT recorded_at,
                   metres_between(latitude, longitude, lag(latitude, 1, latitude) OVER course,
                                  lag(longitude, 1, longitude) OVER course) AS metres
              FROM positions
             WHERE vehicle_id = fix.vehicle_id
               AND recorded_at BETWEEN fix.recorded_at - make_interval(secs => {RECENT.total_seconds()}) AND fix.recorded_at
            WINDOW course AS (ORDER BY recorded_at)) AS hops
"""  # noqa: S608 - put together from constants
"""The way that was driven in the last minutes before `fix`, with what is usual beside it."""

_UNDER_WAY: Final = text(f"""
    SELECT trips.id::text AS trip_id, next_place, fix.recorded_at AS fix_at,
           metres_between(fix.latitude, fix.longitude, to_lat, to_lon) AS straight_m, ({SPEED_MPS})::float8 AS speed_mps
      FROM trips
      JOIN latest_positions AS fix
        ON fix.vehicle_id = trips.vehicle_id AND fix.trip_id = trips.id AND fix.recorded_at >= started_at
     CROSS JOIN LATERAL (SELECT CASE status WHEN 'onboard' THEN 'dropoff' ELSE 'pickup' END AS next_place,
                                CASE status WHEN 'onboard' THEN dropoff_lat ELSE pickup_lat END AS to_lat,
                                CASE status WHEN 'onboard' THEN dropoff_lon ELSE pickup_lon END AS to_lon) AS way
     WHERE trips.id = ANY(CAST(:trip_ids AS uuid[])) AND status IN ('en_route_pickup', 'onboard')
       AND to_lat IS NOT NULL AND to_lon IS NOT NULL
       AND fix.recorded_at >= CAST(:at AS timestamptz) - make_interval(secs => {OLDEST.total_seconds()})
""")  # noqa: S608 - put together from constants


class ArrivalReader:
    """What is read of trips whose vehicles are on their way."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def under_way(self, trip_ids: Collection[str], at: datetime) -> Sequence[Row[Any]]:
        """How far these trips' vehicles have still to go, and how fast they were; no row where nothing follows of `at`."""
        return (await self._session.execute(_UNDER_WAY, {"trip_ids": list(trip_ids), "at": at})).all()
