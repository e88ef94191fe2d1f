"""Schedules: each service's entries, fired from PostgreSQL.

`fire_due_slots` inserts one outbox row per slot under an id derived from entry and slot time, in the
transaction that moves the entry's mark. So any number of schedulers may run, no slot fires twice, and none is
lost in a crash. The relay calls it every second; `beat` and `worker -B` call the same.

The slot time travels in the payload where the message has a field `slot` or `as_of`; handlers use it and not the clock.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter
from sqlalchemy import text as sql

from shared.contracts.lanes import Lane
from shared.contracts.message import Message
from shared.runtime.clock import Clock
from shared.runtime.db import Database, Session
from shared.runtime.ids import NAMESPACE
from shared.runtime.outbox import publish

SLOT_FIELDS: Final = ("slot", "as_of")
MAX_CATCH_UP: Final = 366
CRONTAB_FIELDS: Final = 5
_RANDOM: Final = re.compile(r"(?<![A-Za-z])[RHrh](?![A-Za-z])")
GRACE: Final = timedelta(minutes=5)
"""A slot that is at most this old is on time, whatever the catch-up policy: a scheduler was restarting."""


def is_crontab(text: str) -> bool:
    """Whether it is five fields in which every scheduler finds the same slots: `R` and `H` are drawn anew, and no 30th of
    February ever comes."""
    if len(text.split()) != CRONTAB_FIELDS or _RANDOM.search(text) or not croniter.is_valid(text):
        return False
    try:
        croniter(text, datetime(2000, 1, 1, tzinfo=UTC)).get_next()
    except CroniterBadDateError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a service's `schedules.py`.

    name: unique in the service, also the part of the id that makes a slot fire once.
    crontab: five fields, in the entry's time zone. A local time that daylight saving skips fires right after the
    gap, and one that it repeats fires once, unless the entry runs in every hour.
    message: what is sent; its `slot` or `as_of` field, if it has one, is set to the slot time.
    catch_up: what happens to slots missed while no scheduler ran: `skip` counts them as missed, `last` fires only
    the newest, `all` fires each, oldest first, up to a year's worth.
    """

    name: str
    crontab: str
    message: Message
    catch_up: Literal["skip", "last", "all"] = "last"
    timezone: str = "UTC"
    lane: Lane | None = None

    def __post_init__(self) -> None:
        if not is_crontab(self.crontab):
            raise ValueError(f"schedule {self.name}: {self.crontab!r} is not a crontab of five fields whose times come")
        ZoneInfo(self.timezone)

    def slots(self, after: datetime, until: datetime, crontab: str | None = None) -> list[datetime]:
        """The slot times in (after, until], in UTC, oldest first; at most MAX_CATCH_UP, the newest ones.

        crontab: an operator's override of the entry's own.
        """
        return slots_between(crontab or self.crontab, self.timezone, after, until)

    def is_due(self, after: datetime, now: datetime, crontab: str | None = None) -> bool:
        """Whether there are slots in (after, now]. Asked every second, and worked out once a minute: slots are whole minutes."""
        return _is_due(crontab or self.crontab, self.timezone, after, now.replace(second=0, microsecond=0))

    def next_slot(self, now: datetime, crontab: str | None = None) -> datetime:
        """The first slot after `now`, in UTC."""
        forwards = croniter(crontab or self.crontab, now.astimezone(ZoneInfo(self.timezone)))
        utcs: Iterator[datetime] = (slot.astimezone(UTC) for slot in forwards.all_next(datetime))
        return next(utc for utc in utcs if not _repeats(utc, crontab or self.crontab, self.timezone))

    def message_for(self, slot: datetime) -> Message:
        """The message of one slot."""
        update = {field: slot for field in SLOT_FIELDS if field in type(self.message).model_fields}
        return type(self.message).model_validate(self.message.model_dump() | update)

    def message_id(self, slot: datetime) -> UUID:
        """The id under which a slot fires, the same in every scheduler."""
        return uuid5(NAMESPACE, f"schedule/{self.message.contract.name}/{self.name}/{slot.isoformat()}")


def slots_between(crontab: str, timezone: str, after: datetime, until: datetime) -> list[datetime]:
    """The slot times of a crontab in (after, until], in UTC, oldest first; at most MAX_CATCH_UP, the newest ones."""
    backwards = croniter(crontab, until.astimezone(ZoneInfo(timezone)) + timedelta(microseconds=1))
    found: list[datetime] = []
    for slot in islice(backwards.all_prev(datetime), MAX_CATCH_UP):
        utc = slot.astimezone(UTC)
        if utc <= after:
            break
        if (not found or utc < found[-1]) and not _repeats(utc, crontab, timezone):
            found.append(utc)
    return found[::-1]


@lru_cache(maxsize=1024)
def _is_due(crontab: str, timezone: str, after: datetime, minute: datetime) -> bool:
    """croniter takes milliseconds, in which a relay's process does nothing else."""
    return bool(slots_between(crontab, timezone, after, minute))


def _repeats(slot: datetime, crontab: str, timezone: str) -> bool:
    """Whether the slot's local time comes for the second time; what runs in every hour runs in that one, too."""
    every_hour = crontab.split()[1].startswith("*")
    return not every_hour and slot.astimezone(ZoneInfo(timezone)).fold == 1


_KNOW = sql("""
    INSERT INTO schedules (name, last_slot_at) SELECT name, CAST(:now AS timestamptz) FROM unnest(CAST(:names AS text[])) AS name
    ON CONFLICT (name) DO NOTHING
""")
_DUE = sql("""
    SELECT name, crontab, paused, last_slot_at FROM schedules
     WHERE name = ANY(CAST(:names AS text[])) ORDER BY name FOR UPDATE SKIP LOCKED
""")
_MARK = sql("""
    UPDATE schedules SET last_slot_at = :slot, missed = missed + :missed,
           last_fired_at = CASE WHEN :fired THEN CAST(:now AS timestamptz) ELSE last_fired_at END
     WHERE name = :name
""")


async def fire(database: Database, entries: Sequence[Entry], clock: Clock) -> int:
    """Fire what is due in a unit of work of its own, and only open a transaction that writes when something is."""
    if not entries:
        return 0
    now = clock()
    async with database.read() as session:
        rows = await session.execute(sql("SELECT name, crontab, last_slot_at FROM schedules"))
        known = {row.name: row for row in rows}
    if not await _is_any_due(entries, known, now):
        return 0
    async with database.unit_of_work() as writing:
        return await fire_due_slots(writing, entries, now)


async def _is_any_due(entries: Sequence[Entry], known: Mapping[str, Any], now: datetime) -> bool:
    for entry in entries:
        row = known.get(entry.name)
        if row is None or entry.is_due(row.last_slot_at, now, row.crontab):
            return True
        # What else the process does has its turn between two entries.
        await asyncio.sleep(0)
    return False


async def fire_due_slots(session: Session, entries: Sequence[Entry], now: datetime) -> int:
    """Publish one message per due slot and move the marks. Returns how many slots fired.

    An entry seen for the first time starts at `now`: what lies before it was never promised.
    """
    by_name = {entry.name: entry for entry in entries}
    await session.execute(_KNOW, {"names": list(by_name), "now": now})
    fired = 0
    for row in await session.execute(_DUE, {"names": list(by_name)}):
        entry = by_name[row.name]
        slots = entry.slots(row.last_slot_at, now, row.crontab)
        if not slots:
            continue
        chosen = [] if row.paused else _chosen(entry, slots, now)
        for slot in chosen:
            publish_slot(session, entry, slot)
        mark: dict[str, Any] = {
            "name": row.name,
            "slot": slots[-1],
            "missed": len(slots) - len(chosen),
            "fired": bool(chosen),
            "now": now,
        }
        await session.execute(_MARK, mark)
        fired += len(chosen)
    return fired


def publish_slot(session: Session, entry: Entry, slot: datetime) -> UUID:
    """Send the message of one slot under the slot's own id, so that a slot run by hand is the same slot."""
    # Due since its slot, so that slots that are caught up go out oldest first.
    return publish(session, entry.message_for(slot), lane=entry.lane, due_at=slot, message_id=entry.message_id(slot))


def _chosen(entry: Entry, slots: list[datetime], now: datetime) -> list[datetime]:
    if entry.catch_up == "all":
        return slots
    if entry.catch_up == "last" or now - slots[-1] <= GRACE:
        return slots[-1:]
    return []
