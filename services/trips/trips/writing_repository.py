"""Statements that write trips."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.trips.models import Step, Trip
from services.trips.trips.repository import TripReader
from shared.runtime.db import Session

FORGOTTEN_PLACE: Final = "Erased place"
# What was said in free words, and where the trip began and ended. The history lets go of that alone, and only of a trip whose
# passenger is forgotten; how often it is done changes nothing.
_FORGET: Final = (
    text("""
        UPDATE trip_events SET reason = NULL, details = nullif(details - ARRAY['message', 'latitude', 'longitude'], '{}')
         WHERE trip_id = :trip_id AND num_nonnulls(reason, details) > 0
    """),
    text("UPDATE assignments SET reason = NULL WHERE trip_id = :trip_id AND reason IS NOT NULL"),
    text("UPDATE trip_mileage SET evidence = evidence - 'polyline' WHERE trip_id = :trip_id"),
    text("UPDATE trip_flags SET detail = detail - ARRAY['latitude', 'longitude'] WHERE trip_id = :trip_id"),
)


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

    async def forget_passenger(self, trip_id: UUID, at: datetime) -> None:
        """Erase what is personal, here and in all that is kept of the trip. This is no change of it and makes no version."""
        places = {f"{end}_{part}": None for end in ("pickup", "dropoff") for part in ("address", "lat", "lon")}
        labels = {"pickup_label": FORGOTTEN_PLACE, "dropoff_label": FORGOTTEN_PLACE}
        said = {"change_reason": None, "change_details": None}
        values = {**places, **labels, **said, "passenger_name": None, "passenger_phone": None, "passenger_forgotten_at": at}
        await self._writing.execute(update(Trip).where(Trip.id == trip_id).values(**values))
        for statement in _FORGET:
            await self._writing.execute(statement, {"trip_id": trip_id})


def _of(step: Step) -> dict[str, Any]:
    return {
        "updated_at": step.at,
        "changed_by": step.by,
        "changed_as": step.role,
        "change_reason": step.reason,
        "change_details": step.details,
    }
