"""Statements on geofences and their events."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.geofences.models import EventKind, Geofence, GeofenceEvent, Piece, Progress, Waiting
from shared.runtime.db import ReadSession, Session

# From an hour ago on where a vehicle was never looked at, and never for the time before its organization had a fence.
_SINCE: Final = """
      JOIN (SELECT organization_id, min(coalesce(shaped_at, updated_at)) AS watched_at
              FROM geofences WHERE deleted_at IS NULL GROUP BY organization_id) AS watched USING (organization_id)
      LEFT JOIN geofence_progress USING (vehicle_id)
     CROSS JOIN LATERAL (SELECT greatest(coalesce(upto, CAST(:at AS timestamptz) - interval '1 hour'), watched_at) AS since)
"""

_WAITING: Final = text(f"""
    SELECT organization_id, array_agg(vehicle_id ORDER BY since, vehicle_id) AS vehicle_ids
      FROM latest_positions {_SINCE}
     WHERE recorded_at > since
     GROUP BY organization_id ORDER BY min(since), organization_id
""")  # noqa: S608 - put together from constants

_MOVED: Final = text(f"""
    SELECT vehicle_id, organization_id, since, coalesce(reached.upto, newest.recorded_at) AS upto, newest.recorded_at AS newest
      FROM latest_positions AS newest {_SINCE}
     CROSS JOIN LATERAL (
           SELECT max(recorded_at) AS upto
             FROM (SELECT recorded_at FROM positions
                    WHERE vehicle_id = newest.vehicle_id AND recorded_at > since AND recorded_at <= newest.recorded_at
                    ORDER BY recorded_at LIMIT :points) AS next) AS reached
     WHERE vehicle_id = ANY(CAST(:vehicle_ids AS uuid[])) AND newest.recorded_at > since
""")  # noqa: S608 - put together from constants

_PIECES: Final = text("""
    SELECT fence.id AS geofence_id, shape, vehicle_id, fence.organization_id, trip_id, from_at, from_latitude, from_longitude,
           recorded_at AS to_at, latitude AS to_latitude, longitude AS to_longitude
      FROM (SELECT vehicle_id, moved.organization_id, trip_id, recorded_at, latitude, longitude,
                   lag(recorded_at) OVER way AS from_at, lag(latitude) OVER way AS from_latitude,
                   lag(longitude) OVER way AS from_longitude
              FROM unnest(CAST(:vehicle_ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:since AS timestamptz[]),
                          CAST(:upto AS timestamptz[])) AS moved (vehicle_id, organization_id, since, upto)
              JOIN positions USING (vehicle_id)
             WHERE recorded_at BETWEEN since AND upto
            WINDOW way AS (PARTITION BY vehicle_id ORDER BY recorded_at)) AS path
      JOIN geofences AS fence
        ON fence.organization_id = path.organization_id AND deleted_at IS NULL
       AND south <= greatest(latitude, from_latitude) AND north >= least(latitude, from_latitude)
       AND west <= greatest(longitude, from_longitude) AND east >= least(longitude, from_longitude)
     WHERE from_at >= coalesce(shaped_at, updated_at)
     ORDER BY recorded_at, vehicle_id, fence.id
""")

_NOTE: Final = text("""
    INSERT INTO geofence_events (id, geofence_id, vehicle_id, organization_id, trip_id, kind, at, seen, latitude, longitude,
                                 noted_at)
    SELECT uuidv7(), geofence_id, vehicle_id, organization_id, trip_id, kind, at, tstzrange(after, upto, '(]'), latitude,
           longitude, :now
      FROM unnest(CAST(:geofence_ids AS uuid[]), CAST(:vehicle_ids AS uuid[]), CAST(:organization_ids AS uuid[]),
                  CAST(:trip_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:at AS timestamptz[]), CAST(:after AS timestamptz[]),
                  CAST(:upto AS timestamptz[]), CAST(:latitudes AS float8[]), CAST(:longitudes AS float8[]))
           WITH ORDINALITY AS event (geofence_id, vehicle_id, organization_id, trip_id, kind, at, after, upto, latitude,
                                     longitude, n)
     ORDER BY n
    ON CONFLICT DO NOTHING
""")

# Within since it entered, by every fix until then and one after: who is silent may have left.
_NOTE_DWELLS: Final = text("""
    INSERT INTO geofence_events (id, geofence_id, vehicle_id, organization_id, trip_id, kind, at, seen, latitude, longitude,
                                 noted_at)
    SELECT uuidv7(), entered.geofence_id, entered.vehicle_id, entered.organization_id, latest.trip_id, 'dwell', stayed.at,
           tstzrange(entered.at, stayed.at, '(]'), latest.latitude, latest.longitude, :now
      FROM geofence_events AS entered
      JOIN geofences AS fence ON fence.id = entered.geofence_id AND deleted_at IS NULL AND dwell_s IS NOT NULL
      JOIN geofence_progress USING (vehicle_id)
      JOIN latest_positions AS latest USING (vehicle_id)
     CROSS JOIN LATERAL (SELECT entered.at + make_interval(secs => dwell_s) AS at) AS stayed
     WHERE entered.vehicle_id = ANY(CAST(:vehicle_ids AS uuid[])) AND entered.kind = 'enter'
       AND entered.at > CAST(:now AS timestamptz) - interval '3 days' AND upto >= stayed.at
       AND NOT EXISTS (SELECT FROM geofence_events AS after
                        WHERE after.geofence_id = entered.geofence_id AND after.vehicle_id = entered.vehicle_id
                          AND (after.kind = 'exit' AND after.at BETWEEN entered.at AND stayed.at
                               OR after.kind = 'dwell' AND lower(after.seen) = entered.at))
    ON CONFLICT DO NOTHING
""")

_ADVANCE: Final = text("""
    INSERT INTO geofence_progress (vehicle_id, upto)
    SELECT * FROM unnest(CAST(:vehicle_ids AS uuid[]), CAST(:upto AS timestamptz[]))
    ON CONFLICT (vehicle_id) DO UPDATE SET upto = excluded.upto
""")

# One at a time looks at an organization, so that none sees the half of what another one has done. Whoever holds a row of an
# organization for longer than this does not hold the watch over the others.
_ALONE: Final = text("""
    SELECT pg_try_advisory_xact_lock(hashtext('trips.geofences'), uuid_hash(CAST(:organization_id AS uuid))),
           set_config('lock_timeout', '1s', true)
""")


class GeofenceReader:
    """What is read of geofences. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, geofence_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Geofence | None:
        """One that is watched; with `lock` held until the unit of work ends."""
        query = select(Geofence).where(Geofence.id == geofence_id, Geofence.deleted_at.is_(None))
        if organization_id is not None:
            query = query.where(Geofence.organization_id == organization_id)
        query = query.with_for_update() if lock else query
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def oldest(self, organization_id: UUID | None, *, after: UUID | None, limit: int) -> Sequence[Geofence]:
        """Those that are watched, from after `after` on."""
        query = select(Geofence).where(Geofence.deleted_at.is_(None)).order_by(Geofence.id).limit(limit)
        if organization_id is not None:
            query = query.where(Geofence.organization_id == organization_id)
        if after is not None:
            query = query.where(Geofence.id > after)
        return (await self._session.scalars(query)).all()

    async def around(self, organization_id: UUID, latitude: float, longitude: float) -> Sequence[Geofence]:
        """Those whose box holds a place."""
        query = select(Geofence).where(
            Geofence.organization_id == organization_id,
            Geofence.deleted_at.is_(None),
            Geofence.south <= latitude,
            Geofence.north >= latitude,
            Geofence.west <= longitude,
            Geofence.east >= longitude,
        )
        return (await self._session.scalars(query.order_by(Geofence.id))).all()

    async def events(
        self,
        organization_id: UUID | None,
        wanted: Mapping[str, UUID | EventKind | None],
        *,
        after: UUID | None,
        limit: int,
    ) -> Sequence[GeofenceEvent]:
        """The newest first, from after `after` on. wanted: values of columns, None for any."""
        query = select(GeofenceEvent).order_by(GeofenceEvent.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(GeofenceEvent.organization_id == organization_id)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(getattr(GeofenceEvent, name) == value)
        if after is not None:
            query = query.where(GeofenceEvent.id < after)
        return (await self._session.scalars(query)).all()


class GeofenceRepository(GeofenceReader):
    """What is written of them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any]) -> Geofence | None:
        """Write a new one; None where its name is taken."""
        created = insert(Geofence).values(**values, version=1).on_conflict_do_nothing().returning(Geofence)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, geofence_id: UUID, values: Mapping[str, Any]) -> Geofence:
        """Write a change under the next version. Violates `geofences_by_name` where the name is taken."""
        changed = update(Geofence).where(Geofence.id == geofence_id).values(**values, version=Geofence.version + 1)
        returned = changed.returning(Geofence).execution_options(populate_existing=True)
        return (await self._writing.scalars(returned)).one()

    async def waiting(self, at: datetime) -> list[Waiting]:
        """Whose vehicles have reported since they were looked at: the organization, and the vehicle, that waits longest first."""
        return [Waiting(row.organization_id, row.vehicle_ids) for row in await self._writing.execute(_WAITING, {"at": at})]

    async def hold(self, organization_id: UUID) -> bool:
        """Look at an organization alone until the unit of work ends; False where somebody else does."""
        return bool((await self._writing.execute(_ALONE, {"organization_id": organization_id})).scalar_one())

    async def moved(self, vehicle_ids: Sequence[UUID], at: datetime, points: int) -> list[Progress]:
        """Those of these vehicles that have reported since they were looked at, so many points of each at most."""
        rows = await self._writing.execute(_MOVED, {"vehicle_ids": list(vehicle_ids), "at": at, "points": points})
        return [Progress(**row._asdict()) for row in rows]

    async def pieces(self, moved: Sequence[Progress]) -> AsyncIterator[Piece]:
        """The pieces of their ways that are near a fence, in the order of time."""
        rows = await self._writing.stream(
            _PIECES,
            {
                "vehicle_ids": [one.vehicle_id for one in moved],
                "organization_ids": [one.organization_id for one in moved],
                "since": [one.since for one in moved],
                "upto": [one.upto for one in moved],
            },
        )
        async for row in rows:
            yield Piece(**row._asdict())

    async def note(self, columns: Mapping[str, Sequence[Any]], now: datetime) -> None:
        """Write crossings that are not known yet. columns: their values, by column."""
        await self._writing.execute(_NOTE, {**columns, "now": now})

    async def note_dwells(self, vehicle_ids: Sequence[UUID], now: datetime) -> None:
        """Write which of these vehicles have been within for as long as the fence says."""
        await self._writing.execute(_NOTE_DWELLS, {"vehicle_ids": list(vehicle_ids), "now": now})

    async def advance(self, moved: Sequence[Progress]) -> None:
        """Their ways have been looked at."""
        columns = {"vehicle_ids": [one.vehicle_id for one in moved], "upto": [one.upto for one in moved]}
        await self._writing.execute(_ADVANCE, columns)
