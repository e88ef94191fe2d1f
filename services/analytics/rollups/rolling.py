"""Counting events by minute, hour and day.

Whoever writes an event marks its minute in the same transaction. Here marked minutes are taken and counted anew from the events
themselves, and then the hours and days that they lie in. So a late event, a correction or a second delivery needs nothing of its
own, and counting everything from scratch ends in the same rows.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Final

from services.analytics.event_names.repository import NameReader
from services.analytics.event_names.service import EventNames
from services.analytics.rollups.errors import RebuildBackwards, RebuildTooLong
from services.analytics.rollups.rolling_repository import LENGTH, Grain, RollingRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session

MINUTES_AT_ONCE: Final = 60
"""So many are counted in the first transaction: an hour of what comes late, and little work to lose."""
MOST_AT_ONCE: Final = 24 * MINUTES_AT_ONCE
SHORT_S: Final = 1.0
"""After a transaction that took no longer the next takes twice as many minutes, for the day they lie in is added up in each."""
MINUTES_KEPT: Final = timedelta(days=40)
"""Longer than an event may be late, so that a late one finds the minutes of its hour."""
LONGEST_REBUILD: Final = timedelta(days=400)


class Rolling:
    """Counts what has changed. unit_of_work: opens a transaction; each takes some minutes, so that none lasts long."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def roll(self, budget_s: float = math.inf) -> int:
        """Count what is marked, and return how many minutes that were. budget_s: after so long nothing more is begun."""
        counted, at_once, began = 0, MINUTES_AT_ONCE, time.monotonic()
        while (started := time.monotonic()) - began < budget_s and (minutes := await self._some(at_once)):
            counted += minutes
            at_once = next_size(at_once, time.monotonic() - started)
        return counted

    async def rebuild(self, first: datetime, last: datetime) -> int:
        """Count [first, last) from scratch. Raises RebuildBackwards, RebuildTooLong."""
        if last <= first:
            raise RebuildBackwards("until does not lie after since, so there is nothing to count; the two may be exchanged")
        if last - first > LONGEST_REBUILD:
            raise RebuildTooLong(f"at most {LONGEST_REBUILD.days} days are rebuilt at once; ask in parts")
        async with self._unit_of_work() as session:
            await RollingRepository(session).mark(first, last, self._clock())
        return await self.roll()

    async def _some(self, at_once: int) -> int:
        began, at = time.perf_counter(), self._clock()
        async with self._unit_of_work() as session:
            rolling = RollingRepository(session)
            await rolling.hold()
            minutes = _with_neighbours(await rolling.take(at_once), at - MINUTES_KEPT)
            if minutes:
                await rolling.count(minutes, await EventNames(NameReader(session)).measures())
                await rolling.merge("hour", buckets_of("hour", minutes))
                await rolling.merge("day", buckets_of("day", minutes))
            took_ms = 1000 * (time.perf_counter() - began)
            await rolling.note(buckets_of("day", minutes), len(minutes), at, took_ms)
        return len(minutes)


def next_size(at_once: int, took_s: float) -> int:
    """How many minutes are counted in the next transaction after one of so many that took so long."""
    if took_s <= SHORT_S:
        return min(2 * at_once, MOST_AT_ONCE)
    return max(at_once // 2, MINUTES_AT_ONCE) if took_s > 4 * SHORT_S else at_once


def _with_neighbours(minutes: Sequence[datetime], kept_since: datetime) -> list[datetime]:
    """Of an hour whose minutes may be forgotten, all of them are counted anew; else its sum would lack the others."""
    old = {hour for minute in minutes if (hour := bucket_of("hour", minute)) < kept_since}
    around = {hour + number * LENGTH["minute"] for hour in old for number in range(60)}
    return sorted({*minutes, *around})


def buckets_of(grain: Grain, moments: Iterable[datetime]) -> list[datetime]:
    """The buckets that these lie in, in UTC, each once."""
    return sorted({bucket_of(grain, moment) for moment in moments})


def bucket_of(grain: Grain, moment: datetime) -> datetime:
    """When the bucket of a moment begins."""
    utc = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if grain == "minute":
        return utc
    return utc.replace(minute=0) if grain == "hour" else utc.replace(hour=0, minute=0)
