"""A range of days in steps, as figures are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

Grain = Literal["minute", "hour", "day", "week", "month"]

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
MOST_POINTS: Final = 1500
_STEPS: Final[dict[Grain, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}


def day_start(day: date) -> datetime:
    """When a day of UTC begins."""
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """The days from `first` to `last`, both included, in steps of `grain`. Weeks begin on Mondays, all in UTC."""

    first: date
    last: date
    grain: Grain

    @property
    def begin(self) -> datetime:
        """The first moment of the first step, which may lie before the first day."""
        return day_start(_first_of(self.first, self.grain))

    @property
    def end(self) -> datetime:
        """After the last moment of the last step that has begun by the last day."""
        begin = day_start(self.last) + timedelta(days=1)
        return begin if self.grain in ("minute", "hour", "day") else self._after(day_start(_first_of(self.last, self.grain)))

    def steps(self) -> Iterator[datetime]:
        """When each step begins, the first one first."""
        step = self.begin
        while step < self.end:
            yield step
            step = self._after(step)

    def _after(self, step: datetime) -> datetime:
        if self.grain != "month":
            return step + _STEPS[self.grain]
        return (step.replace(day=1) + timedelta(days=32)).replace(day=1)

    def wrong(self) -> str | None:
        """Why it cannot be read, if so."""
        if not FIRST_DAY <= self.first <= LAST_DAY or not FIRST_DAY <= self.last <= LAST_DAY:
            return f"from and to lie between {FIRST_DAY} and {LAST_DAY}; name days in between"
        if self.first > self.last:
            return "from lies after to; name the earlier day as from"
        step = _STEPS.get(self.grain, timedelta(days=28))
        if (self.end - self.begin) / step > MOST_POINTS:
            return f"the range has more than {MOST_POINTS} steps; ask in parts, or for a coarser grain"
        return None


def _first_of(day: date, grain: Grain) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day
