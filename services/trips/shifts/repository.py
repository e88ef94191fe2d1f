"""Statements on shifts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.trips.shifts.models import Shift
from shared.runtime.db import ReadSession, Session


class ShiftReader:
    """What is read of shifts."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of_driver(self, driver_id: UUID, *, ending_after: datetime, after: UUID | None, limit: int) -> Sequence[Shift]:
        """Those of a driver that are not over by then, the oldest entry first, from after `after` on."""
        query = select(Shift).where(Shift.driver_id == driver_id, func.upper(Shift.during) > ending_after)
        if after is not None:
            query = query.where(Shift.id > after)
        return (await self._session.scalars(query.order_by(Shift.id).limit(limit))).all()


class ShiftRepository(ShiftReader):
    """What is written of shifts."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def add(self, values: Mapping[str, Any]) -> Shift | None:
        """Write a shift; None where it overlaps another one of its kind."""
        added = insert(Shift).values(**values).on_conflict_do_nothing().returning(Shift)
        return (await self._writing.scalars(added)).one_or_none()

    async def remove(self, shift_id: UUID, driver_id: UUID) -> bool:
        """Delete a driver's shift; whether there was one."""
        gone = delete(Shift).where(Shift.id == shift_id, Shift.driver_id == driver_id).returning(Shift.id)
        return (await self._writing.scalars(gone)).one_or_none() is not None
