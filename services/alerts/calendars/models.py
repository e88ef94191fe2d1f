"""Calendars: on which days customs and carriers of a country work."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
"""The days that every calendar has: those on which an ETA can lie."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day. number: how many business days there were up to this day, itself included. holiday: its name, if it is one."""

    day: date
    is_business: bool
    number: int
    holiday: str | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar that can be named. built_at: when its days were written, None for one that nobody has named so far."""

    code: str
    built_at: datetime | None
