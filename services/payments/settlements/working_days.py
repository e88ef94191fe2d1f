"""When a payment should have been settled: T+2 working days in India, T+7 for what comes from abroad
(razorpay.com/docs/payments/settlements/faqs). Banks there rest on Sundays, on national holidays, and on the second and fourth
Saturday of a month (RBI, 2015); gateways settle on no Saturday at all."""

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

DOMESTIC_DAYS: Final = 2
INTERNATIONAL_DAYS: Final = 7
_SATURDAY: Final = 5


def is_working_day(day: date) -> bool:
    """Whether gateways settle on it."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def settles_by(captured_on: date, working_days: int) -> date:
    """The last day on which it is in time."""
    day = captured_on
    for _ in range(working_days):
        day = _next(day)
    return day


def overdue_before(now: datetime, zone: ZoneInfo, working_days: int) -> datetime:
    """What was captured before this moment is late now."""
    today = now.astimezone(zone).date()
    day = today
    while settles_by(day - timedelta(days=1), working_days) >= today:
        day -= timedelta(days=1)
    return datetime.combine(day, time(), zone)


def _next(day: date) -> date:
    day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("IN", years=year))
