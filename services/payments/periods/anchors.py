"""Periods that repeat from an anchor day.

Each is computed from the anchor and never from the one before it, so a short month shortens one period and not all that
follow: from 31 January they begin on 28 or 29 February, 31 March, 30 April. From 29 February, yearly ones begin on 28 February
where there is no 29th. Periods are half-open [start, end) in local dates: where one ends the next begins.
"""

import calendar
from datetime import date, timedelta
from typing import Final

from services.payments.periods.models import Interval, NumberedPeriod, Period

__all__ = ["Interval", "NumberedPeriod", "Period", "anchor_for", "index_on", "period", "periods_between"]


_DAYS: Final = {Interval.DAY: 1, Interval.WEEK: 7}
_MONTHS: Final = {Interval.MONTH: 1, Interval.YEAR: 12}


def period(anchor: date, interval: Interval, count: int, index: int) -> Period:
    """The period number `index`, from 0 at the anchor; each is `count` intervals long.

    Raises ValueError for a count below 1 or an index below 0, and OverflowError beyond the year 9999.
    """
    if count < 1 or index < 0:
        raise ValueError("periods are counted from 0 and last at least one interval")
    return Period(_boundary(anchor, interval, count * index), _boundary(anchor, interval, count * (index + 1)))


def index_on(anchor: date, interval: Interval, count: int, day: date) -> int:
    """Which period holds a day. Raises ValueError for a day before the anchor."""
    if day < anchor:
        raise ValueError("the day is before the first period")
    if interval in _DAYS:
        return (day - anchor).days // (_DAYS[interval] * count)
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    # A boundary in the month of the day may still be ahead of it.
    index = months // (_MONTHS[interval] * count)
    return index if period(anchor, interval, count, index).start <= day else index - 1


def periods_between(anchor: date, interval: Interval, count: int, since: date, until: date, *, most: int) -> list[NumberedPeriod]:
    """The periods that begin in [since, until), the oldest first and at most `most` of them.

    For catching up after an outage: `since` is the end of the last one that was dealt with, `until` the day after today. Who
    gets `most` of them comes again for the rest.
    """
    first = index_on(anchor, interval, count, since - timedelta(days=1)) + 1 if since > anchor else 0
    found: list[NumberedPeriod] = []
    while len(found) < most:
        index = first + len(found)
        start, end = period(anchor, interval, count, index)
        if start >= until:
            break
        found.append(NumberedPeriod(index, start, end))
    return found


def anchor_for(day_of_month: int, start: date) -> date:
    """The newest date up to `start` with this day of the month, which anchors a subscription that begins later than its day.

    Its period that holds `start` is the first, short one: anchored on the 31st and begun on 15 February, it is
    [31 January, 28 February). Raises ValueError for a day that no month has.
    """
    if not 1 <= day_of_month <= 31:
        raise ValueError("an anchor day is from 1 to 31")
    months = start.year * 12 + start.month - 1
    while True:
        year, month = divmod(months, 12)
        if day_of_month <= _length(year, month + 1) and (found := date(year, month + 1, day_of_month)) <= start:
            return found
        months -= 1


def _boundary(anchor: date, interval: Interval, steps: int) -> date:
    if interval in _DAYS:
        return anchor + timedelta(days=_DAYS[interval] * steps)
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + _MONTHS[interval] * steps, 12)
    if year > date.max.year:
        raise OverflowError("the period lies beyond the calendar")
    return date(year, month + 1, min(anchor.day, _length(year, month + 1)))


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
