"""Statements that write trips."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from services.trips.trips.models import Step, Trip
from services.trips.trips.repository import TripReader
from shared.runtime.db import Session


class TripRepository(TripReader):
    """What is written of trips. The database writes each change into the trip's history."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def insert(self, values: Mapping[str, Any], step: Step) -> Trip | None:
        """Write a new trip; None where its number is taken, or the trip whose return leg it is has one."""
        row = {**values, "version": 1, "created_at": step.at, "status_at": step.at, **_of(step)}
        inserted = insert(Trip).values(**row).on_conflict_do_nothing().returning(Trip)
        return (await self._writing.scalars(inserted)).one_or_none()

    async def change(self, trip: Trip, values: Mapping[str, Any], step: Step) -> Trip:
        """Write a change of a trip, which is held, under its next version."""
        changed = (
            update(Trip)
            .where(Trip.id == trip.id, Trip.version == trip.version)
            .values(**values, version=Trip.version + 1, **_of(step))
            .returning(Trip)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()


def _of(step: Step) -> dict[str, Any]:
    return {
        "updated_at": step.at,
        "changed_by": step.by,
        "changed_as": step.role,
        "change_reason": step.reason,
        "change_details": step.details,
    }
