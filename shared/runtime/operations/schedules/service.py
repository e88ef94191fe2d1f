"""What fires by the clock, and the hand on it."""

from collections.abc import Sequence
from importlib import import_module

from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.schedules.errors import InvalidCrontab, ScheduleNotFound
from shared.runtime.operations.schedules.repository import ScheduleControl, ScheduleRepository
from shared.runtime.operations.schedules.schemas import Fired, ScheduleView
from shared.runtime.schedule import Entry, fire_due_slots, is_crontab, publish_slot


def entries_of(service: str) -> tuple[Entry, ...]:
    """The entries of services/<service>/schedules.py, where the relay and beat find them, too."""
    entries: tuple[Entry, ...] = import_module(f"services.{service}.schedules").ENTRIES
    return entries


async def survey(schedules: ScheduleRepository, entries: Sequence[Entry], clock: Clock) -> list[ScheduleView]:
    """Every entry with its times in effect."""
    known, now = await schedules.all(), clock()
    found = []
    for entry in sorted(entries, key=lambda each: each.name):
        row = known.get(entry.name)
        crontab, paused = (row.crontab or entry.crontab, row.paused) if row else (entry.crontab, False)
        view = ScheduleView(
            name=entry.name,
            message=entry.message.contract.name,
            crontab=crontab,
            code_crontab=entry.crontab,
            timezone=entry.timezone,
            catch_up=entry.catch_up,
            paused=paused,
            last_slot=row.last_slot_at if row else None,
            last_fired_at=row.last_fired_at if row else None,
            next_slot=None if paused else entry.next_slot(now, crontab),
            missed=row.missed if row else 0,
            updated_at=row.updated_at if row else None,
            updated_by=row.updated_by if row else None,
        )
        found.append(view)
    return found


class ScheduleOperations:
    """Changes by one operator in one unit of work. Each raises ScheduleNotFound."""

    def __init__(
        self, session: Session, schedules: ScheduleControl, entries: Sequence[Entry], audit: AuditLog, clock: Clock
    ) -> None:
        self._session = session
        self._schedules = schedules
        self._entries = {entry.name: entry for entry in entries}
        self._audit = audit
        self._clock = clock

    async def set_paused(self, name: str, reason: str, *, paused: bool) -> None:
        """Pause or resume. Slots of the time of a pause count as missed, and do not fire afterwards."""
        await self._settle(name)
        await self._schedules.set_paused(name, self._audit.actor, paused=paused)
        await self._audit.write("schedule.pause" if paused else "schedule.resume", name, reason)

    async def set_crontab(self, name: str, crontab: str | None, reason: str) -> None:
        """Override the code's times, or return to them with None. Raises InvalidCrontab."""
        if crontab is not None and not is_crontab(crontab):
            raise InvalidCrontab(
                "give five fields, with times that come: minute, hour, day, month, weekday; `*/15 8-18 * * mon-fri`"
            )
        await self._settle(name)
        await self._schedules.set_crontab(name, self._audit.actor, crontab, self._clock())
        await self._audit.write("schedule.set_crontab", name, reason, crontab=crontab)

    async def run(self, name: str, reason: str) -> Fired:
        """Fire now, besides the entry's slots and also while it is paused. Within one second, once is enough."""
        entry, slot = self._entry(name), self._clock().replace(microsecond=0)
        message_id = publish_slot(self._session, entry, slot)
        await self._audit.write("schedule.run", name, reason, message_id=str(message_id))
        return Fired(message_id=message_id, slot=slot)

    async def _settle(self, name: str) -> None:
        """Fire or count what is due under the state that is about to change, so that no slot is judged by the wrong one."""
        await fire_due_slots(self._session, [self._entry(name)], self._clock())

    def _entry(self, name: str) -> Entry:
        if name not in self._entries:
            raise ScheduleNotFound(f"this service has no such entry; it has {', '.join(sorted(self._entries)) or 'none at all'}")
        return self._entries[name]
