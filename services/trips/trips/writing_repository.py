"""Statements that write trips."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from services.trips.trips.models import Step, Trip
from services.trips.trips.repository import TripReader
from shared.runtime.db import Session

FORGOTTEN_PLACE: Final = "Erased place"


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

    async def forget_passenger(self, trip_id: UUID) -> None:
        """Empty what is personal. The history has none of it, so this is no change of the trip and makes no version."""
        places = {f"{end}_{part}": None for end in ("pickup", "dropoff") for part in ("address", "lat", "lon")}
        labels = {"pickup_label": FORGOTTEN_PLACE, "dropoff_label": FORGOTTEN_PLACE}
        values = {**places, **labels, "passenger_name": None, "passenger_phone": None}
        await self._writing.execute(update(Trip).where(Trip.id == trip_id).values(**values))


def _of(step: Step) -> dict[str, Any]:
    return {
        "updated_at": step.at,
        "changed_by": step.by,
        "changed_as": step.role,
        "change_reason": step.reason,
        "change_details": step.details,
    }
