"""Statements on vehicles."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.vehicles.models import Vehicle, VehicleStatus
from shared.runtime.db import ReadSession, Session

_OPEN_TRIPS: Final = text("SELECT count(*) FROM trips WHERE vehicle_id = :vehicle_id AND ended_at IS NULL")


class VehicleReader:
    """What is read of vehicles. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, vehicle_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Vehicle | None:
        """One vehicle; with `lock` nobody else changes it, or gives it a trip, until the unit of work ends."""
        query = select(Vehicle).where(Vehicle.id == vehicle_id)
        if organization_id is not None:
            query = query.where(Vehicle.organization_id == organization_id)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(
        self, organization_id: UUID | None, *, status: VehicleStatus | None, after: UUID | None, limit: int
    ) -> Sequence[Vehicle]:
        """The newest first, from after `after` on."""
        query = select(Vehicle).order_by(Vehicle.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Vehicle.organization_id == organization_id)
        if status is not None:
            query = query.where(Vehicle.status == status)
        if after is not None:
            query = query.where(Vehicle.id < after)
        return (await self._session.scalars(query)).all()

    async def has_plate(self, organization_id: UUID, plate: str) -> bool:
        """Whether a vehicle that is not retired has the plate."""
        query = select(Vehicle.id).where(
            Vehicle.organization_id == organization_id, Vehicle.plate == plate, Vehicle.status != "retired"
        )
        return (await self._session.scalars(query)).first() is not None


class VehicleRepository(VehicleReader):
    """What is written of vehicles."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any], now: datetime) -> Vehicle | None:
        """Write a new vehicle; None where its plate is taken."""
        row = {**values, "status": "in_service", "version": 1, "created_at": now, "updated_at": now}
        created = insert(Vehicle).values(**row).on_conflict_do_nothing().returning(Vehicle)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, vehicle_id: UUID, values: Mapping[str, Any], now: datetime) -> Vehicle:
        """Write a change under the next version. Violates `vehicles_by_plate` where the plate is taken."""
        changed = (
            update(Vehicle)
            .where(Vehicle.id == vehicle_id)
            .values(**values, version=Vehicle.version + 1, updated_at=now)
            .returning(Vehicle)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()

    async def open_trips(self, vehicle_id: UUID) -> int:
        """How many of its trips have not ended."""
        count: int = (await self._writing.execute(_OPEN_TRIPS, {"vehicle_id": vehicle_id})).scalar_one()
        return count
