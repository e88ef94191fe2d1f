"""When drivers are on duty, and when they are away."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import Range

from services.trips.drivers.repository import DriverReader
from services.trips.drivers.service import known_driver
from services.trips.shifts.errors import ShiftNotFound, ShiftOverlaps
from services.trips.shifts.models import Shift
from services.trips.shifts.repository import ShiftRepository
from services.trips.shifts.schemas import ShiftIn
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7


class Shifts:
    """Writes in one unit of work. Trips that a driver has stay theirs, whatever their shifts say."""

    def __init__(self, shifts: ShiftRepository, drivers: DriverReader, clock: Clock, *, by: str) -> None:
        self._shifts = shifts
        self._drivers = drivers
        self._clock = clock
        self._by = by

    async def add(self, driver_id: UUID, organization_id: UUID | None, new: ShiftIn) -> Shift:
        """Raises DriverNotFound, DriverErased and ShiftOverlaps."""
        driver = await known_driver(self._drivers, driver_id, organization_id, hold="known")
        during = Range(new.starts_at, new.ends_at)
        stamp = {"created_at": self._clock(), "created_by": self._by}
        added = await self._shifts.add({"id": uuid7(), "driver_id": driver.id, "kind": new.kind, "during": during, **stamp})
        if added is None:
            raise ShiftOverlaps(f"there is a shift of kind {new.kind} at that time; delete it first, or choose another time")
        return added

    async def remove(self, shift_id: UUID, driver_id: UUID, organization_id: UUID | None) -> None:
        """Raises DriverNotFound, DriverErased and ShiftNotFound."""
        driver = await known_driver(self._drivers, driver_id, organization_id)
        if not await self._shifts.remove(shift_id, driver.id):
            raise ShiftNotFound("the driver has no shift with this id; GET their shifts")
