"""When somebody wants no messages, worked out where that person is.

A time of day that the clocks leave out in spring counts as the moment at which they jump. Of one that they show twice in autumn,
quiet hours begin at the first and end at the second, so that they are never shorter than they look.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from services.notifications.preferences.models import QuietHours

_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time(0)
_CHAINED: Final = 9


def quiet_until(now: datetime, zone: str, quiet: QuietHours | None, paused_until: date | None) -> datetime | None:
    """When messages may be sent again, in UTC; None where they may be now.

    Hours that follow upon each other are one silence: what waits for Saturday's end waits for Sunday's as well.
    """
    there = _zone(zone)
    moment = now
    if paused_until is not None:
        moment = max(moment, _moment(paused_until, _MIDNIGHT, there, fold=0))
    for _ in range(_CHAINED):
        end = _end_of_hours(moment, there, quiet) if quiet is not None else None
        if end is None:
            break
        moment = end
    return moment.astimezone(UTC) if moment > now else None


def local_date(now: datetime, zone: str) -> date:
    """Which day it is there."""
    return now.astimezone(_zone(zone)).date()


def _end_of_hours(moment: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime | None:
    """When the hours end in which the moment lies."""
    today = moment.astimezone(zone).date()
    ends: list[datetime] = []
    for day in (today - _DAY, today):
        if day.isoweekday() not in quiet.days:
            continue
        last_day = day if quiet.begin < quiet.end else day + _DAY
        begin, end = _moment(day, quiet.begin, zone, fold=0), _moment(last_day, quiet.end, zone, fold=1)
        if begin <= moment < end:
            ends.append(end)
    return max(ends, default=None)


def _moment(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """The moment at which the clocks there show this, in UTC."""
    local = datetime.combine(day, at, zone)
    before, after = local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if before <= after:
        return after if fold else before
    # The clocks never show it: they jump somewhere between the two readings of it.
    offset = after.astimezone(zone).utcoffset()
    while before - after > timedelta(seconds=1):
        middle = after + (before - after) / 2
        after, before = (middle, before) if middle.astimezone(zone).utcoffset() == offset else (after, middle)
    return before.replace(microsecond=0)


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return ZoneInfo("UTC")
