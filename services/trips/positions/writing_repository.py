"""Statements that write positions, set-based."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from services.trips.positions.point_models import Known, Point, Refusal, Reporter
from shared.runtime.db import Session

# Locked in the order of their ids, so that two writers never wait for each other.
_HOLD: Final = text("""
    SELECT vehicle_id, recorded_at, latitude, longitude, suspect_at, suspect_latitude, suspect_longitude
      FROM latest_positions WHERE vehicle_id = ANY(CAST(:vehicle_ids AS uuid[])) ORDER BY vehicle_id FOR NO KEY UPDATE
""")

_TRIPS: Final = text("""
    SELECT id, organization_id, vehicle_id, ended_at FROM trips WHERE id = ANY(CAST(:trip_ids AS uuid[]))
""")

# The trip that a point belongs to is the one that its vehicle drove at that time, also when the point comes late; one that the
# point names goes before others, once its driver had set out. Until then nobody is shown where the driver is. What is known
# already is left alone, and the latest place never moves back. The rows come back as they are needed: the numbers of the points
# that were known already, and the vehicles whose latest place has moved.
_WRITE: Final = text("""
    WITH sent AS (
        SELECT * FROM unnest(
            CAST(:vehicle_ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:device_ids AS uuid[]),
            CAST(:recorded_at AS timestamptz[]), CAST(:latitudes AS float8[]), CAST(:longitudes AS float8[]),
            CAST(:speeds AS float4[]), CAST(:headings AS float4[]), CAST(:altitudes AS float4[]), CAST(:accuracies AS float4[]),
            CAST(:batteries AS float4[]), CAST(:trip_ids AS uuid[]), CAST(:sources AS text[]), CAST(:attributes AS text[])
        ) WITH ORDINALITY AS point (
            vehicle_id, organization_id, device_id, recorded_at, latitude, longitude, speed_mps, heading_deg, altitude_m,
            accuracy_m, battery_ratio, named_trip_id, source, attributes, n
        )
    ), placed AS (
        SELECT sent.*, coalesce((SELECT id FROM trips WHERE id = sent.named_trip_id AND started_at <= sent.recorded_at),
                                trip.id) AS trip_id
          FROM sent LEFT JOIN LATERAL (
              SELECT id FROM trips
               WHERE trips.vehicle_id = sent.vehicle_id AND started_at <= sent.recorded_at
                 AND (ended_at IS NULL OR ended_at >= sent.recorded_at)
               ORDER BY started_at DESC LIMIT 1
          ) AS trip ON true
    ), kept AS (
        INSERT INTO positions (vehicle_id, recorded_at, received_at, organization_id, device_id, trip_id, latitude, longitude,
                               speed_mps, heading_deg, altitude_m, accuracy_m, battery_ratio, source, attributes)
        SELECT vehicle_id, recorded_at, :now, organization_id, device_id, trip_id, latitude, longitude, speed_mps, heading_deg,
               altitude_m, accuracy_m, battery_ratio, source, CAST(attributes AS jsonb)
          FROM placed ORDER BY vehicle_id, recorded_at
        ON CONFLICT DO NOTHING
        RETURNING vehicle_id, recorded_at
    ), moved AS (
        INSERT INTO latest_positions AS latest (vehicle_id, organization_id, trip_id, recorded_at, received_at, latitude,
                                                longitude, speed_mps, heading_deg, accuracy_m, battery_ratio, source)
        SELECT DISTINCT ON (vehicle_id) vehicle_id, organization_id, trip_id, recorded_at, :now, latitude, longitude, speed_mps,
               heading_deg, accuracy_m, battery_ratio, source
          FROM placed JOIN kept USING (vehicle_id, recorded_at) ORDER BY vehicle_id, recorded_at DESC
        ON CONFLICT (vehicle_id) DO UPDATE
            SET trip_id = excluded.trip_id, recorded_at = excluded.recorded_at, received_at = excluded.received_at,
                latitude = excluded.latitude, longitude = excluded.longitude, speed_mps = excluded.speed_mps,
                heading_deg = excluded.heading_deg, accuracy_m = excluded.accuracy_m,
                battery_ratio = excluded.battery_ratio, source = excluded.source,
                suspect_at = NULL, suspect_latitude = NULL, suspect_longitude = NULL
            WHERE excluded.recorded_at > latest.recorded_at
        RETURNING vehicle_id, trip_id, recorded_at
    )
    SELECT n, NULL AS vehicle_id, NULL AS trip_id, NULL AS recorded_at
      FROM sent LEFT JOIN kept USING (vehicle_id, recorded_at) WHERE kept.recorded_at IS NULL
    UNION ALL
    SELECT NULL, vehicle_id, trip_id, recorded_at FROM moved
""")

_SUSPECT: Final = text("""
    UPDATE latest_positions AS latest
       SET suspect_at = jump.at, suspect_latitude = jump.latitude, suspect_longitude = jump.longitude
      FROM unnest(CAST(:vehicle_ids AS uuid[]), CAST(:at AS timestamptz[]), CAST(:latitudes AS float8[]),
                  CAST(:longitudes AS float8[])) AS jump (vehicle_id, at, latitude, longitude)
     WHERE latest.vehicle_id = jump.vehicle_id
""")

_DROP: Final = text("""
    INSERT INTO position_drops AS known
           (vehicle_id, day, reason, organization_id, points, first_at, last_at, detail, sample)
    SELECT vehicle_id, CAST(:now AS timestamptz) AT TIME ZONE 'UTC', reason, organization_id, points, :now, :now, detail,
           CAST(sample AS jsonb)
      FROM unnest(CAST(:vehicle_ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:reasons AS text[]),
                  CAST(:points AS bigint[]), CAST(:details AS text[]), CAST(:samples AS text[]))
           AS dropped (vehicle_id, organization_id, reason, points, detail, sample)
     ORDER BY vehicle_id, reason
    ON CONFLICT (vehicle_id, day, reason) DO UPDATE
       SET points = known.points + excluded.points, last_at = excluded.last_at, detail = excluded.detail,
           sample = excluded.sample
""")


@dataclass(frozen=True, slots=True)
class Latest:
    """Where a vehicle was last, and where the last point was that jumped away from there."""

    place: Known
    suspect: Known | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A vehicle whose latest place is another now."""

    vehicle_id: UUID
    trip_id: UUID | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class NamedTrip:
    """A trip that a point names. vehicle_id: None while nobody drives it."""

    organization_id: UUID
    vehicle_id: UUID | None
    ended_at: datetime | None


Reported = tuple[Reporter, Point]


class PositionRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold_latest(self, vehicle_ids: Sequence[UUID]) -> dict[UUID, Latest]:
        """Where these vehicles were last; nobody else moves them until the unit of work ends."""
        rows = await self._session.execute(_HOLD, {"vehicle_ids": list(vehicle_ids)})
        return {row[0]: Latest(Known(row[1], row[2], row[3]), Known(row[4], row[5], row[6]) if row[4] else None) for row in rows}

    async def trips(self, trip_ids: Sequence[UUID]) -> dict[UUID, NamedTrip]:
        """Those that there are."""
        rows = await self._session.execute(_TRIPS, {"trip_ids": list(trip_ids)})
        return {row[0]: NamedTrip(row[1], row[2], row[3]) for row in rows}

    async def write(self, reported: Sequence[Reported], now: datetime) -> tuple[set[int], list[Moved]]:
        """Write points, no two of one vehicle and time. Returns which, counted from 0, were known already, and who has moved."""
        rows = await self._session.execute(_WRITE, {**_columns(reported), "now": now})
        known: set[int] = set()
        moved: list[Moved] = []
        for n, vehicle_id, trip_id, recorded_at in rows:
            if n is not None:
                known.add(n - 1)
            else:
                moved.append(Moved(vehicle_id, trip_id, recorded_at))
        return known, moved

    async def suspect(self, jumps: Mapping[UUID, Point]) -> None:
        """Remember points that jumped, by vehicle."""
        points = list(jumps.values())
        bound = {
            "vehicle_ids": list(jumps),
            "at": [point.recorded_at for point in points],
            "latitudes": [point.latitude for point in points],
            "longitudes": [point.longitude for point in points],
        }
        await self._session.execute(_SUSPECT, bound)

    async def note_drops(self, dropped: Sequence[tuple[Reporter, Refusal]], now: datetime) -> None:
        """Count points that were dropped, and keep the newest of each vehicle and reason."""
        groups: dict[tuple[UUID, str], tuple[UUID, int, Refusal]] = {}
        for reporter, refusal in dropped:
            key = (reporter.vehicle_id, refusal.reason)
            count = groups[key][1] if key in groups else 0
            groups[key] = (reporter.organization_id, count + 1, refusal)
        bound: dict[str, Any] = {
            "vehicle_ids": [vehicle_id for vehicle_id, _ in groups],
            "reasons": [reason for _, reason in groups],
            "organization_ids": [organization_id for organization_id, _, _ in groups.values()],
            "points": [count for _, count, _ in groups.values()],
            "details": [refusal.detail for _, _, refusal in groups.values()],
            "samples": [_json(refusal.sample) for _, _, refusal in groups.values()],
            "now": now,
        }
        await self._session.execute(_DROP, bound)


def _columns(reported: Sequence[Reported]) -> dict[str, list[Any]]:
    reporters, points = zip(*reported, strict=True)
    return {
        "vehicle_ids": [reporter.vehicle_id for reporter in reporters],
        "organization_ids": [reporter.organization_id for reporter in reporters],
        "device_ids": [reporter.device_id for reporter in reporters],
        "recorded_at": [point.recorded_at for point in points],
        "latitudes": [point.latitude for point in points],
        "longitudes": [point.longitude for point in points],
        "speeds": [point.speed_mps for point in points],
        "headings": [point.heading_deg for point in points],
        "altitudes": [point.altitude_m for point in points],
        "accuracies": [point.accuracy_m for point in points],
        "batteries": [point.battery_ratio for point in points],
        "trip_ids": [point.trip_id for point in points],
        "sources": [point.source for point in points],
        "attributes": [_json(point.attributes) if point.attributes else None for point in points],
    }


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
