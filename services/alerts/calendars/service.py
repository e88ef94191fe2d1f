"""Calendars: which there are, what days they have, and writing them when a policy first names them."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from services.alerts.calendars.errors import CalendarNotFound, PeriodNotShown, UnknownCalendar
from services.alerts.calendars.models import FIRST_DAY, LAST_DAY, Calendar, CalendarDay
from services.alerts.calendars.public_holidays import days_of, is_code, known_codes, near_codes
from services.alerts.calendars.repository import CalendarReader, CalendarRepository

MAX_SHOWN: Final = timedelta(days=366)


class CalendarCatalogue:
    """Reads calendars; those that nobody has named so far are worked out and not written."""

    def __init__(self, calendars: CalendarReader) -> None:
        self._calendars = calendars

    async def all(self, country: str | None) -> Sequence[Calendar]:
        """Every calendar by code, or those of one country."""
        built = {calendar.code: calendar for calendar in await self._calendars.built()}
        codes = sorted({*await asyncio.to_thread(known_codes), *built})
        return [built.get(code, Calendar(code, None)) for code in codes if country in (None, code[:2])]

    async def show(self, code: str, first: date, last: date) -> Sequence[CalendarDay]:
        """The days from `first` to `last`. Raises PeriodNotShown and CalendarNotFound."""
        if first > last or last - first >= MAX_SHOWN:
            raise PeriodNotShown(f"`from` lies after `to`, or more than {MAX_SHOWN.days} days are asked for; ask for fewer")
        if first < FIRST_DAY or last > LAST_DAY:
            raise PeriodNotShown(f"calendars have the days from {FIRST_DAY} to {LAST_DAY}; ask for some of those")
        if await _is_built(self._calendars, code):
            return await self._calendars.days(code, first, last)
        return [one for one in await _worked_out(code, otherwise=CalendarNotFound) if first <= one.day <= last]

    async def unbuilt(self, code: str) -> Sequence[CalendarDay]:
        """The days of a calendar that is not written; none of one that is. Raises UnknownCalendar."""
        if await _is_built(self._calendars, code):
            return []
        return await _worked_out(code)


class Calendars:
    """Writes the calendars that policies name."""

    def __init__(self, calendars: CalendarReader, repository: CalendarRepository) -> None:
        self._calendars = calendars
        self._repository = repository

    async def ensure(self, code: str) -> None:
        """Have the calendar's days written. Once they are, they stay as they are. Raises UnknownCalendar."""
        if not await _is_built(self._calendars, code):
            await self._repository.insert(code, await _worked_out(code))


async def _is_built(calendars: CalendarReader, code: str) -> bool:
    return is_code(code) and await calendars.is_built(code)


async def _worked_out(
    code: str, *, otherwise: type[UnknownCalendar | CalendarNotFound] = UnknownCalendar
) -> Sequence[CalendarDay]:
    # In threads: other requests of the process go on while the library reads all countries, and then works out one of them.
    if code not in await asyncio.to_thread(known_codes):
        near = near_codes(code)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise otherwise(f"there is no calendar with this code; {meant}GET /v1/calendars lists all", near=near)
    return await asyncio.to_thread(days_of, code)
