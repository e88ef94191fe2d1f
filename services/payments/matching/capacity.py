"""How many units can be made by a day: whole days and weeks of capacity, less what is reserved in them.

Units of a day or week are ready on its last day, and weeks begin on Monday (ISO 8601). What is reserved is taken from the
earliest periods that have room, so that it is ready soon and later orders find the later ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from services.payments.matching.pool_models import CapacityPeriod, Reserved

_DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods, counted from the one that holds `today`."""

    today: date

    def starts_on(self, kind: CapacityPeriod, index: int) -> date:
        """The first day of a period."""
        first = self.today if kind == "day" else self.today - timedelta(days=self.today.weekday())
        return first + timedelta(days=index * _DAYS[kind])

    def ends_on(self, kind: CapacityPeriod, index: int) -> date:
        """The last day of a period."""
        return self.starts_on(kind, index) + timedelta(days=_DAYS[kind] - 1)

    def periods_until(self, kind: CapacityPeriod, day: date) -> int:
        """How many periods, from the present one on, end on or before a day."""
        return max(0, (day - self.starts_on(kind, 0)).days + 1) // _DAYS[kind]

    def index_of(self, kind: CapacityPeriod, day: date) -> int:
        """The period that holds a day; negative for those that are past."""
        return (day - self.starts_on(kind, 0)).days // _DAYS[kind]


class Book:
    """The capacity of one manufacturer for one capability, as it fills up."""

    __slots__ = ("_sums", "_taken", "units")

    def __init__(self, units: int, taken: Sequence[int] = ()) -> None:
        self.units = units
        """What can be made in each period."""
        # A capacity that was lowered below what is promised leaves nothing, and no debt.
        self._taken = [min(one, units) for one in taken]
        self._sums = list(accumulate(self._taken))

    @classmethod
    def of(cls, calendar: Calendar, kind: CapacityPeriod, units: int, reserved: Reserved) -> "Book":
        """The book of a manufacturer that has these units reserved."""
        by_index = {calendar.index_of(kind, day): number for day, number in reserved.items()}
        return cls(units, [by_index.get(index, 0) for index in range(max(by_index, default=-1) + 1)])

    def free(self, periods: int) -> int:
        """Units that are not reserved in the first `periods`."""
        sums = self._sums
        if not sums or not periods:
            return self.units * periods
        return self.units * periods - (sums[periods - 1] if periods < len(sums) else sums[-1])

    def take(self, quantity: int, periods: int) -> list[tuple[int, int]]:
        """Reserve units in the earliest of the first `periods`: (period, units) of each that is touched.

        The caller has seen that so many are free.
        """
        taken = self._taken
        found: list[tuple[int, int]] = []
        for index in range(periods):
            if index == len(taken):
                taken.append(0)
            number = min(self.units - taken[index], quantity)
            if number:
                taken[index] += number
                quantity -= number
                found.append((index, number))
            if not quantity:
                break
        assert not quantity, "more was taken than was free"
        self._sums = list(accumulate(taken))
        return found
