"""The statements about inspections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from docs.examples.inspections.contracts import RecordInspection, RecordOdometer
from shared.runtime.db import Session

_RECORD: Final = text("""
    INSERT INTO inspections (id, vehicle_id, inspected_at, defect) VALUES (:id, :vehicle_id, :inspected_at, :defect)
    ON CONFLICT (id) DO NOTHING
""")

# DISTINCT ON, because a batch may hold two readings of one vehicle and a statement may change a row once.
_NOTE_ODOMETERS: Final = text("""
    INSERT INTO odometers (vehicle_id, read_at, distance_m)
    SELECT DISTINCT ON (vehicle_id) vehicle_id, read_at, distance_m
      FROM unnest(CAST(:vehicle_ids AS uuid[]), CAST(:times AS timestamptz[]), CAST(:distances AS bigint[]))
           AS row(vehicle_id, read_at, distance_m)
     ORDER BY vehicle_id, read_at DESC
    ON CONFLICT (vehicle_id) DO UPDATE SET read_at = excluded.read_at, distance_m = excluded.distance_m
     WHERE odometers.read_at < excluded.read_at
""")

_PRUNE: Final = text("""
    WITH old AS (SELECT id FROM inspections WHERE inspected_at < :before ORDER BY inspected_at LIMIT :limit),
         gone AS (DELETE FROM inspections USING old WHERE inspections.id = old.id RETURNING 1)
    SELECT count(*) FROM gone
""")

# The period is moved on by the statement that finds it run out, so that a second run finds nothing.
_TAKE_DUE: Final = text("""
    WITH due AS (
        SELECT id FROM inspected_vehicles WHERE next_inspection_at <= :slot
         ORDER BY next_inspection_at, id LIMIT :limit FOR UPDATE SKIP LOCKED)
    UPDATE inspected_vehicles SET next_inspection_at = CAST(:slot AS timestamptz) + make_interval(days => inspect_every_days)
      FROM due WHERE inspected_vehicles.id = due.id
    RETURNING inspected_vehicles.id, owner_email
""")


@dataclass(frozen=True, slots=True)
class DueVehicle:
    """A vehicle whose period has run out."""

    id: UUID
    owner_email: str


class InspectionRepository:
    """Reads and writes in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, inspection_id: UUID, message: RecordInspection) -> None:
        """Write one inspection."""
        await self._session.execute(_RECORD, {"id": inspection_id, **message.model_dump()})

    async def note_odometers(self, readings: Sequence[RecordOdometer]) -> None:
        """Keep each vehicle's newest reading."""
        columns = {
            "vehicle_ids": [reading.vehicle_id for reading in readings],
            "times": [reading.read_at for reading in readings],
            "distances": [reading.distance_m for reading in readings],
        }
        await self._session.execute(_NOTE_ODOMETERS, columns)

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete the oldest inspections of before a moment, `limit` at most; returns how many."""
        deleted: int = (await self._session.execute(_PRUNE, {"before": before, "limit": limit})).scalar_one()
        return deleted

    async def take_due(self, slot: datetime, limit: int) -> list[DueVehicle]:
        """Take the vehicles whose period has run out at `slot`, and begin their next period there."""
        rows = await self._session.execute(_TAKE_DUE, {"slot": slot, "limit": limit})
        return [DueVehicle(row.id, row.owner_email) for row in rows]
