"""What a watch over trips writes: one flag for each thing that is wrong, told once, escalated once, cleared by itself."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.trips.completion.errors import InvoiceSettled
from services.trips.completion.service import TripCompletion
from services.trips.dispatch.repository import AssignmentReader
from services.trips.flags.errors import LimitNotFound
from services.trips.flags.models import RaisedFlag, Rule, TripLimit, TripWatchSettings
from services.trips.flags.repository import FlagReader, FlagRepository
from services.trips.flags.rules_repository import INVOICE_MISSING
from services.trips.flags.schemas import LimitIn, WatchSettingsIn, WatchSettingsOut
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from services.trips.trips.trip_messages import TripMessages
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

_GIVEN_UP: Final = "payments has not issued the invoice; bill this trip by hand"


class TripFlags:
    """Works in one unit of work."""

    def __init__(
        self,
        flags: FlagRepository,
        trips: TripReader,
        assignments: AssignmentReader,
        completion: TripCompletion,
        messages: TripMessages,
    ) -> None:
        self._flags = flags
        self._trips = trips
        self._assignments = assignments
        self._completion = completion
        self._messages = messages

    async def flag(self, rule: Rule, organization_id: UUID, at: datetime) -> None:
        """Look for one thing, unless somebody else does. Done a second time it finds all flags raised, and tells nobody."""
        if not await self._flags.hold(organization_id):
            return
        raised = await self._flags.watch(rule, organization_id, at)
        dispatchers = await self._assignments.dispatchers({flag.organization_id for flag in raised})
        for flag in raised:
            if dispatcher := dispatchers.get(flag.organization_id):
                await self._tell(rule, flag, dispatcher)
            if flag.kind == INVOICE_MISSING:
                await self._press(flag, at)

    async def _tell(self, rule: Rule, flag: RaisedFlag, dispatcher: str) -> None:
        trip = await trip_of(self._trips, flag.trip_id, flag.organization_id)
        level = "escalated" if flag.escalated else "opened"
        status = f"still {rule.says}" if flag.escalated else rule.says
        self._messages.tell(trip, dispatcher, status, key=f"trips.flag:{flag.id}:{level}")

    async def _press(self, flag: RaisedFlag, at: datetime) -> None:
        """Payments is asked once more; when that has not helped for a day, people bill the trip."""
        if not flag.escalated:
            await self._completion.request_invoice_again(flag.trip_id, at)
            return
        try:
            await self._completion.waive_invoice(flag.trip_id, flag.organization_id, _GIVEN_UP, at)
        except InvoiceSettled:
            # Its invoice came while this was looked at.
            return


class TripLimits:
    """Writes from when on trips need somebody, in one unit of work."""

    def __init__(self, flags: FlagRepository, clock: Clock, *, by: str) -> None:
        self._flags = flags
        self._clock = clock
        self._by = by

    async def put(self, organization_id: UUID, new: LimitIn) -> TripLimit:
        """Create it, or replace the one for the same customer and type."""
        stamp = {"id": uuid7(), "organization_id": organization_id, "updated_at": self._clock(), "updated_by": self._by}
        return await self._flags.put_limit(new.model_dump() | stamp)

    async def settle(self, organization_id: UUID, new: WatchSettingsIn) -> TripWatchSettings:
        """Create or replace the settings of an organization. They count from the next run on."""
        stamp = {"organization_id": organization_id, "updated_at": self._clock(), "updated_by": self._by}
        return await self._flags.put_watch_settings(new.model_dump() | stamp)

    async def remove(self, limit_id: UUID, organization_id: UUID | None) -> None:
        """Raises LimitNotFound."""
        if not await self._flags.remove_limit(limit_id, organization_id):
            raise LimitNotFound("there is no limit with this id; GET /v1/trip-limits lists those that there are")


async def watch_settings_of(flags: FlagReader, organization_id: UUID) -> WatchSettingsOut:
    """What holds for the organization: what it has written, or the defaults."""
    found = await flags.watch_settings(organization_id)
    if found is not None:
        return WatchSettingsOut.model_validate(found)
    return WatchSettingsOut(**WatchSettingsIn().model_dump(), organization_id=organization_id, updated_at=None, updated_by=None)
