"""Statements that read trips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.trips.trips.models import ActorRole, Trip, TripEvent, TripStatus
from shared.runtime.db import ReadSession

_ALLOWED: Final = text("""
    SELECT to_status FROM trip_transitions_allowed
     WHERE from_status = :from_status AND actor_role = :actor_role ORDER BY to_status
""")

# Without those by which a trip begins anew, from where every status is still to come.
_AHEAD: Final = text("""
    WITH RECURSIVE ahead (status) AS (
        SELECT CAST(:from_status AS text)
         UNION
        SELECT to_status FROM ahead JOIN trip_transitions_allowed ON from_status = ahead.status
         WHERE to_status NOT IN ('requested', 'scheduled', 'will_call')
    )
    SELECT EXISTS (
        SELECT FROM ahead JOIN trip_transitions_allowed ON from_status = ahead.status
         WHERE ahead.status <> :from_status AND to_status = :to_status AND to_status <> ahead.status AND actor_role = :actor_role
    )
""")

_AFTER: Final = text("""
    SELECT trip_events.*
      FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS bigint[])) AS seen(trip_id, number)
      JOIN trip_events ON trip_events.trip_id = seen.trip_id AND trip_events.number > seen.number
     ORDER BY trip_events.trip_id, trip_events.number
""")

_TAKEN_UP: Final = text("""
    SELECT number FROM trips
     WHERE (driver_id = :driver_id OR vehicle_id = :vehicle_id) AND status IN ('en_route_pickup', 'at_pickup', 'onboard')
     ORDER BY started_at LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class TripFilter:
    """Which trips are meant; None for any. since and until: of the planned pickup, until excluded."""

    status: TripStatus | None = None
    customer: str | None = None
    driver_id: UUID | None = None
    vehicle_id: UUID | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class TripReader:
    """What is read of trips. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, trip_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Trip | None:
        """One trip; with `lock` held as it is until the unit of work ends."""
        query = select(Trip).where(Trip.id == trip_id)
        if organization_id is not None:
            query = query.where(Trip.organization_id == organization_id)
        if lock:
            query = query.with_for_update(key_share=True)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, organization_id: UUID | None, meant: TripFilter, *, after: UUID | None, limit: int) -> Sequence[Trip]:
        """The newest first, from after `after` on."""
        wanted = {
            Trip.organization_id: organization_id,
            Trip.status: meant.status,
            Trip.customer: meant.customer,
            Trip.driver_id: meant.driver_id,
            Trip.vehicle_id: meant.vehicle_id,
            Trip.number: meant.number,
        }
        query = select(Trip).where(*(column == value for column, value in wanted.items() if value is not None))
        if meant.since is not None:
            query = query.where(Trip.pickup_at >= meant.since)
        if meant.until is not None:
            query = query.where(Trip.pickup_at < meant.until)
        if after is not None:
            query = query.where(Trip.id < after)
        return (await self._session.scalars(query.order_by(Trip.id.desc()).limit(limit))).all()

    async def events(self, trip_id: UUID, *, before: int | None, limit: int) -> Sequence[TripEvent]:
        """What happened to a trip, the newest first, from before version `before` on."""
        query = select(TripEvent).where(TripEvent.trip_id == trip_id)
        if before is not None:
            query = query.where(TripEvent.number < before)
        return (await self._session.scalars(query.order_by(TripEvent.number.desc()).limit(limit))).all()

    async def events_after(self, seen: Mapping[UUID, int]) -> Sequence[TripEvent]:
        """What happened to these trips after the versions that were seen, each trip's in order."""
        bound = {"ids": list(seen), "numbers": list(seen.values())}
        query = select(TripEvent).from_statement(_AFTER)
        return (await self._session.scalars(query, bound)).all()

    async def taken_up_by(self, driver_id: UUID | None, vehicle_id: UUID | None) -> str | None:
        """The number of the trip that one of them is out for."""
        found = await self._session.execute(_TAKEN_UP, {"driver_id": driver_id, "vehicle_id": vehicle_id})
        return found.scalars().one_or_none()

    async def allowed(self, from_status: str, actor_role: ActorRole) -> list[str]:
        """Where somebody in this role may take a trip from there; a status itself where it may be changed and stay."""
        rows = await self._session.execute(_ALLOWED, {"from_status": from_status, "actor_role": actor_role})
        return list(rows.scalars())

    async def is_ahead(self, from_status: str, to_status: TripStatus, actor_role: ActorRole) -> bool:
        """Whether other steps lead from there to where somebody in this role may take a trip to this status."""
        bound = {"from_status": from_status, "to_status": to_status, "actor_role": actor_role}
        return bool((await self._session.execute(_AHEAD, bound)).scalar_one())
