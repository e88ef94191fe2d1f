"""Changing how an organization dispatches."""

from uuid import UUID

from services.trips.dispatch.dispatch_terms import DEFAULTS
from services.trips.dispatch.models import DispatchSettings
from services.trips.dispatch.repository import AssignmentReader, AssignmentRepository
from services.trips.dispatch.schemas import DispatchSettingsIn, DispatchSettingsOut
from services.trips.trips.service import Check
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict, PreconditionRequired


async def settings_of(assignments: AssignmentReader, organization_id: UUID) -> DispatchSettingsOut:
    """What holds for the organization: what it has written, or the defaults as version 0."""
    found = await assignments.settings(organization_id)
    if found is not None:
        return DispatchSettingsOut.model_validate(found)
    return DispatchSettingsOut(
        **DEFAULTS.model_dump(), organization_id=organization_id, version=0, updated_at=None, updated_by=None
    )


class DispatchSettingsChanges:
    """Writes in one unit of work."""

    def __init__(self, assignments: AssignmentRepository, clock: Clock, *, by: str) -> None:
        self._assignments = assignments
        self._clock = clock
        self._by = by

    async def put(self, organization_id: UUID, new: DispatchSettingsIn, check: Check) -> DispatchSettings:
        """Create or replace. Trips that are planned keep their times, offers that stand keep theirs.

        Raises Conflict where somebody else was first, and what `check` raises for settings that there are.
        """
        known = await self._assignments.settings(organization_id, lock=True)
        try:
            check(known.version if known is not None else 0)
        except PreconditionRequired:
            if known is not None:
                raise
        values = new.model_dump() | {"organization_id": organization_id}
        seen = known.version if known is not None else 0
        kept = await self._assignments.put_settings(values, seen=seen, by=self._by, at=self._clock())
        if kept is None:
            raise Conflict("somebody else has written the settings just now; read them and repeat the change")
        return kept
