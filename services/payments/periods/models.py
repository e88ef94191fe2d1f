"""Periods as values."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Interval(StrEnum):
    """What a period is a number of."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Period(NamedTuple):
    """Local dates; the end belongs to the next one."""

    start: date
    end: date


class NumberedPeriod(NamedTuple):
    """A period and which one it is, counted from 0 at the anchor."""

    number: int
    start: date
    end: date
