"""The hard rules: who cannot be asked for a line of an order, and which rule says so.

Each member is told of the first rule that it does not meet, in the order in which they stand here. Capacity is the last one;
it is looked at where a member is scored, because it changes with every order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.payments.matching.capacity import Calendar
from services.payments.matching.pool_models import CapacityPeriod, Demand, DemandLine, Rule
from services.payments.matching.pools import Pool

MAX_DAYS: Final = 730
"""How far ahead units are promised: what is ordered for a later day is made by then as well."""

RULES: Final[tuple[Rule, ...]] = (
    "active",
    "blocked",
    "excluded",
    "asked_before",
    "currency",
    "region",
    "minimum_quantity",
    "lead_time",
    "capacity",
)


@dataclass(frozen=True, slots=True)
class Window:
    """From today to the last day on which what is made is good. day_periods, week_periods: how many of them end by then."""

    today: date
    until: date
    days: int
    day_periods: int
    week_periods: int

    def periods(self, kind: CapacityPeriod) -> int:
        """How many whole periods there are."""
        return self.day_periods if kind == "day" else self.week_periods


def window_of(calendar: Calendar, until: date) -> Window:
    """The time that is left until a day; days is negative where it is past. Capacity counts for MAX_DAYS at most."""
    days = (until - calendar.today).days
    last = min(until, calendar.today + timedelta(days=MAX_DAYS))
    return Window(calendar.today, until, days, calendar.periods_until("day", last), calendar.periods_until("week", last))


@dataclass(frozen=True, slots=True)
class Sifted:
    """passed: the mask of those who may be asked. refused: the masks of the others by the rule that says so."""

    passed: int
    refused: Mapping[Rule, int]


def sift(pool: Pool, demand: Demand, line: DemandLine, window: Window, excluded: frozenset[UUID]) -> Sifted:
    """Apply every rule but that of capacity. excluded: whom the question itself leaves out."""
    everybody = pool.everybody
    allowed: tuple[tuple[Rule, int], ...] = (
        ("active", pool.active),
        ("blocked", pool.unblocked),
        ("excluded", everybody & ~pool.those(excluded)),
        ("asked_before", everybody & ~pool.those(line.asked_before)),
        ("currency", pool.in_currency(demand.currency)),
        ("region", pool.serving(demand.state_code)),
        ("minimum_quantity", pool.minimum_quantity.at_most(line.quantity)),
        ("lead_time", pool.lead_time_days.at_most(window.days)),
    )
    passed, refused = everybody, {}
    for rule, mask in allowed:
        if failing := passed & ~mask:
            refused[rule] = failing
            passed &= mask
    return Sifted(passed, refused)
