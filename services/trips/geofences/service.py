"""Geofences of organizations."""

from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.trips.geofences.errors import GeofenceNameTaken, GeofenceNotFound
from services.trips.geofences.models import Geofence
from services.trips.geofences.repository import GeofenceReader, GeofenceRepository
from services.trips.geofences.schemas import GeofenceIn
from services.trips.vehicles.service import Check
from shared.runtime.clock import Clock
from shared.runtime.db import constraint_of
from shared.runtime.ids import uuid7

_TAKEN: Final = "another geofence of yours has this name; choose another one, or delete that one first"


async def geofence_of(geofences: GeofenceReader, geofence_id: UUID, organization_id: UUID | None) -> Geofence:
    """One that is watched. Raises GeofenceNotFound, also for another organization's."""
    return _found(await geofences.find(geofence_id, organization_id))


class Geofences:
    """Writes in one unit of work."""

    def __init__(self, geofences: GeofenceRepository, clock: Clock, *, by: str) -> None:
        self._geofences = geofences
        self._clock = clock
        self._by = by

    async def create(self, organization_id: UUID, new: GeofenceIn) -> Geofence:
        """Watched from now on. Raises GeofenceNameTaken."""
        now = self._clock()
        stamp = {"id": uuid7(), "organization_id": organization_id, "created_at": now, "shaped_at": now}
        created = await self._geofences.create(new.columns() | stamp | {"updated_at": now, "updated_by": self._by})
        if created is None:
            raise GeofenceNameTaken(_TAKEN)
        return created

    async def replace(self, geofence_id: UUID, organization_id: UUID | None, new: GeofenceIn, check: Check) -> Geofence:
        """What has happened stays; another shape is watched from now on.

        Raises GeofenceNotFound, GeofenceNameTaken and what `check` raises.
        """
        known = _found(await self._geofences.find(geofence_id, organization_id, lock=True))
        check(known.version)
        now = self._clock()
        stamp = {"updated_at": now, "updated_by": self._by}
        if new.columns()["shape"] != known.shape:
            stamp["shaped_at"] = now
        try:
            return await self._geofences.change(geofence_id, new.columns() | stamp)
        except IntegrityError as error:
            if constraint_of(error) == "geofences_by_name":
                raise GeofenceNameTaken(_TAKEN) from None
            raise

    async def remove(self, geofence_id: UUID, organization_id: UUID | None, check: Check) -> None:
        """Watch it no more; its events stay. Raises GeofenceNotFound and what `check` raises."""
        known = _found(await self._geofences.find(geofence_id, organization_id, lock=True))
        check(known.version)
        now = self._clock()
        await self._geofences.change(geofence_id, {"deleted_at": now, "updated_at": now, "updated_by": self._by})


def _found(geofence: Geofence | None) -> Geofence:
    if geofence is None:
        raise GeofenceNotFound("there is no geofence with this id; GET /v1/geofences lists those that there are")
    return geofence
