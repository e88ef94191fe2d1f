"""Statements that read positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, text

from services.trips.positions.models import LatestPosition, Place, Position, PositionDrop
from shared.runtime.db import ReadSession

# Each row is kept as JSON beside its columns, so that a map of ten thousand vehicles costs no more than putting them together: in
# some dozens of parts, for one text of megabytes takes twice the time on its way. Into how many is told to the planner by the
# statistics latest_positions_parts, which name the same expression.
_LATEST: Final = text("""
    SELECT convert_to(string_agg(shown, ','), 'UTF8')
      FROM latest_positions
     WHERE (CAST(:organization_id AS uuid) IS NULL OR organization_id = :organization_id)
       AND (CAST(:vehicle_ids AS uuid[]) IS NULL OR vehicle_id = ANY(CAST(:vehicle_ids AS uuid[])))
       AND recorded_at >= :since
       AND (CAST(:south AS float8) IS NULL OR latitude BETWEEN :south AND :north AND longitude BETWEEN :west AND :east)
     GROUP BY uuid_hash(vehicle_id) & 31
""")

_PLACE: Final = tuple(getattr(Position, name) for name in Place._fields)
R = TypeVar("R", bound="Select[Any]")


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map that does not cross the 180th meridian."""

    west: float
    south: float
    east: float
    north: float


class PositionReader:
    """What is read of positions. organization_id: the tenant whose rows alone are seen; None sees all.

    since: before which nothing is kept. A day goes as a whole, its points one by one.
    """

    def __init__(self, session: ReadSession, since: datetime) -> None:
        self._session = session
        self._since = since

    async def latest(
        self, organization_id: UUID | None, *, vehicle_ids: Sequence[UUID] | None = None, box: Box | None = None
    ) -> Sequence[bytes]:
        """Where vehicles were last, as JSON in no order: parts of an array, to be put together with commas and brackets."""
        bound: dict[str, Any] = {
            "organization_id": organization_id,
            "vehicle_ids": list(vehicle_ids) if vehicle_ids is not None else None,
            "since": self._since,
            "west": box.west if box else None,
            "south": box.south if box else None,
            "east": box.east if box else None,
            "north": box.north if box else None,
        }
        return (await self._session.execute(_LATEST, bound)).scalars().all()

    async def latest_of(self, vehicle_id: UUID) -> LatestPosition | None:
        """Where a vehicle was last."""
        query = select(LatestPosition).where(LatestPosition.vehicle_id == vehicle_id, LatestPosition.recorded_at >= self._since)
        return (await self._session.scalars(query)).one_or_none()

    async def track(
        self, vehicle_id: UUID, begin: datetime, end: datetime, *, after: datetime | None, limit: int
    ) -> Sequence[Position]:
        """Where a vehicle was from `begin` until `end`, both included, in the order of time; from after `after` on."""
        rows = await self._session.scalars(self._way(select(Position), vehicle_id, begin, end, after).limit(limit))
        return rows.all()

    async def places(
        self,
        vehicle_id: UUID,
        begin: datetime,
        end: datetime,
        *,
        trip_id: UUID | None = None,
        after: datetime | None = None,
        limit: int,
    ) -> list[Place]:
        """The same with what tracks need alone. trip_id: on this trip alone."""
        query = self._way(select(*_PLACE), vehicle_id, begin, end, after)
        if trip_id is not None:
            query = query.where(Position.trip_id == trip_id)
        return [Place._make(row) for row in await self._session.execute(query.limit(limit))]

    async def drops(
        self,
        organization_id: UUID | None,
        *,
        vehicle_id: UUID | None,
        since: date | None,
        after: tuple[date, UUID, str] | None,
        limit: int,
    ) -> Sequence[PositionDrop]:
        """What was dropped, the newest day first."""
        # What was dropped says where somebody was, too.
        query = select(PositionDrop).where(PositionDrop.last_at >= self._since)
        if organization_id is not None:
            query = query.where(PositionDrop.organization_id == organization_id)
        if vehicle_id is not None:
            query = query.where(PositionDrop.vehicle_id == vehicle_id)
        if since is not None:
            query = query.where(PositionDrop.day >= since)
        if after is not None:
            day, last, reason = after
            within = or_(PositionDrop.vehicle_id > last, and_(PositionDrop.vehicle_id == last, PositionDrop.reason > reason))
            query = query.where(or_(PositionDrop.day < day, and_(PositionDrop.day == day, within)))
        ordered = query.order_by(PositionDrop.day.desc(), PositionDrop.vehicle_id, PositionDrop.reason)
        return (await self._session.scalars(ordered.limit(limit))).all()

    def _way(self, query: R, vehicle_id: UUID, begin: datetime, end: datetime, after: datetime | None) -> R:
        query = query.where(
            Position.vehicle_id == vehicle_id,
            Position.recorded_at >= max(begin, self._since),
            Position.recorded_at <= end,
        )
        if after is not None:
            query = query.where(Position.recorded_at > after)
        return query.order_by(Position.recorded_at)
