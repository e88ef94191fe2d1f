"""Statements on drivers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import insert, select, text, update

from services.trips.drivers.models import ERASED_NAME, Driver, DriverStatus
from shared.runtime.db import ReadSession, Session

_OPEN_TRIPS: Final = text("SELECT count(*) FROM trips WHERE driver_id = :driver_id AND ended_at IS NULL")

Hold = Literal["known", "unchanged", "alone"]
"""known: nobody erases them meanwhile. unchanged: nobody changes them. alone: nobody gives them a trip either."""


class DriverReader:
    """What is read of drivers. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, driver_id: UUID, organization_id: UUID | None, *, hold: Hold | None = None) -> Driver | None:
        """One driver, erased or not; with `hold` held until the unit of work ends."""
        query = select(Driver).where(Driver.id == driver_id)
        if organization_id is not None:
            query = query.where(Driver.organization_id == organization_id)
        if hold is not None:
            query = query.with_for_update(read=hold == "known", key_share=hold != "alone")
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(
        self, organization_id: UUID | None, *, status: DriverStatus | None, after: UUID | None, limit: int
    ) -> Sequence[Driver]:
        """The newest first, from after `after` on."""
        query = select(Driver).order_by(Driver.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Driver.organization_id == organization_id)
        if status is not None:
            query = query.where(Driver.status == status)
        if after is not None:
            query = query.where(Driver.id < after)
        return (await self._session.scalars(query)).all()


class DriverRepository(DriverReader):
    """What is written of drivers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: dict[str, Any], now: datetime) -> Driver:
        """Write a new driver."""
        row = {**values, "status": "active", "version": 1, "created_at": now, "updated_at": now}
        return (await self._writing.scalars(insert(Driver).values(**row).returning(Driver))).one()

    async def change(self, driver_id: UUID, values: dict[str, Any], now: datetime) -> Driver:
        """Write a change under the next version."""
        changed = (
            update(Driver)
            .where(Driver.id == driver_id)
            .values(**values, version=Driver.version + 1, updated_at=now)
            .returning(Driver)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()

    async def open_trips(self, driver_id: UUID) -> int:
        """How many trips of theirs have not ended."""
        count: int = (await self._writing.execute(_OPEN_TRIPS, {"driver_id": driver_id})).scalar_one()
        return count

    async def erase(self, driver_id: UUID, now: datetime) -> Driver:
        """Forget everything personal. Their trips keep the id."""
        gone: dict[str, Any] = dict.fromkeys(("phone", "email", "licence_number", "licence_expires_on", "usual_vehicle_id"))
        values = {**gone, "name": ERASED_NAME, "licence_classes": [], "skills": [], "status": "left", "erased_at": now}
        return await self.change(driver_id, values, now)
