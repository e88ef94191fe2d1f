"""Statements that read what followers of trips are shown."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from shared.runtime.db import ReadSession

_VERSIONS: Final = text("SELECT id::text, version FROM trips WHERE id = ANY(CAST(:trip_ids AS uuid[]))")

# A change of a trip that leaves its status as it was is told as well, for its driver or its times may be others.
_CHANGES: Final = text("""
    SELECT trip_id::text, number, from_status, to_status, reason, details ->> 'message' AS message, at
      FROM trip_events
      JOIN unnest(CAST(:trip_ids AS uuid[]), CAST(:after AS bigint[])) AS known (id, version)
        ON known.id = trip_events.trip_id AND trip_events.number > known.version
     ORDER BY trip_id, number
""")

# A place is shown from when the driver has set out: where somebody is before work is nobody's business.
_SNAPSHOT: Final = text("""
    SELECT trips.id::text AS trip_id, number, status, status_at, version, pickup_at, dropoff_at, started_at, ended_at,
           (SELECT json_agg(json_build_object('version', past.number, 'status', past.to_status, 'at', past.at)
                            ORDER BY past.number)
              FROM trip_events AS past WHERE past.trip_id = trips.id) AS history,
           latest.recorded_at, latest.latitude, latest.longitude, latest.speed_mps, latest.heading_deg, latest.accuracy_m
      FROM trips LEFT JOIN latest_positions AS latest
        ON latest.vehicle_id = trips.vehicle_id AND latest.trip_id = trips.id
       AND latest.recorded_at >= greatest(started_at, CAST(:since AS timestamptz))
     WHERE trips.id = ANY(CAST(:trip_ids AS uuid[])) ORDER BY trips.id
""")

_PLACES: Final = text("""
    SELECT trips.id::text AS trip_id, recorded_at, latitude, longitude, speed_mps, heading_deg, accuracy_m
      FROM unnest(CAST(:trip_ids AS uuid[]), CAST(:after AS timestamptz[])) AS known (id, at)
      JOIN trips USING (id)
      JOIN latest_positions AS latest
        ON latest.vehicle_id = trips.vehicle_id AND latest.trip_id = trips.id
       AND latest.recorded_at >= greatest(started_at, CAST(:since AS timestamptz))
     WHERE known.at IS NULL OR recorded_at > known.at
""")

_OWNERS: Final = text("SELECT id::text, organization_id FROM trips WHERE id = ANY(CAST(:trip_ids AS uuid[]))")


class LiveReader:
    """What is read of trips that are followed. since: no place of before is shown, whether it is kept or not."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def versions(self, trip_ids: Collection[str]) -> dict[str, int]:
        """The versions that trips have now."""
        rows = await self._session.execute(_VERSIONS, {"trip_ids": list(trip_ids)})
        return {row[0]: row[1] for row in rows}

    async def changes(self, after: Mapping[str, int]) -> Sequence[Row[Any]]:
        """What became of trips after these versions."""
        bound = {"trip_ids": list(after), "after": list(after.values())}
        return (await self._session.execute(_CHANGES, bound)).all()

    async def snapshot(self, trip_ids: Collection[str], since: datetime) -> Sequence[Row[Any]]:
        """How trips stand, how they came there, and where their vehicles are."""
        return (await self._session.execute(_SNAPSHOT, {"trip_ids": list(trip_ids), "since": since})).all()

    async def places(self, after: Mapping[str, datetime | None], since: datetime) -> Sequence[Row[Any]]:
        """Where the vehicles of trips are, if that is newer than these moments."""
        bound = {"trip_ids": list(after), "after": list(after.values()), "since": since}
        return (await self._session.execute(_PLACES, bound)).all()

    async def owners(self, trip_ids: Collection[str]) -> dict[str, UUID]:
        """Whose trips these are; those that there are."""
        rows = await self._session.execute(_OWNERS, {"trip_ids": list(trip_ids)})
        return {row[0]: row[1] for row in rows}
