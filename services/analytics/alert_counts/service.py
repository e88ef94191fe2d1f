"""Counting what was raised, and reading it by day."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.analytics.alert_counts.errors import ImplausibleEvent, InvalidRange
from services.analytics.alert_counts.models import FIRST_DAY, LAST_DAY, Counts, Raised
from services.analytics.alert_counts.repository import AlertCountReader, AlertCountRepository
from services.analytics.alert_counts.schemas import AlertCountsOut, CountsOut, DayOut
from shared.contracts.alerts import AlertsRaised

MAX_DAYS: Final = 366
"""A leap year: so many days are read at once."""


class AlertCounting:
    """Counts what events tell. The inbox hands each event over once, so nothing is counted twice."""

    def __init__(self, repository: AlertCountRepository) -> None:
        self._repository = repository

    async def count(self, events: Iterable[AlertsRaised]) -> None:
        """Add what the events tell to the counts. Raises ImplausibleEvent, and then counts none of them."""
        raised = [one for event in events for one in _raised(event)]
        if raised:
            await self._repository.count_on(raised)


class AlertStatistics:
    """What was raised in a range of days."""

    def __init__(self, reader: AlertCountReader) -> None:
        self._reader = reader

    async def by_day(self, organization_id: UUID | None, first: date, last: date) -> AlertCountsOut:
        """The counts of each day from `first` to `last`, both included, of one organization or of all.

        Raises InvalidRange for days in the wrong order, too many of them, or some that nothing is counted for.
        """
        days = _days(first, last)
        known = await self._reader.by_day(organization_id, first, last)
        return AlertCountsOut(
            days=[DayOut(day=day, raised=CountsOut.model_validate(known.get(day, Counts()))) for day in days],
            totals=CountsOut.model_validate(sum(known.values(), Counts())),
        )


def _raised(event: AlertsRaised) -> Iterator[Raised]:
    if not FIRST_DAY <= event.as_of <= LAST_DAY:
        raise ImplausibleEvent(f"as_of is not between {FIRST_DAY} and {LAST_DAY}; send the day that was evaluated")
    for one in event.organizations:
        found = (
            Raised(one.organization_id, event.as_of, "info", one.info),
            Raised(one.organization_id, event.as_of, "warning", one.warning),
            Raised(one.organization_id, event.as_of, "high", one.high),
            Raised(one.organization_id, event.as_of, "critical", one.critical),
        )
        yield from (raised for raised in found if raised.count)


def _days(first: date, last: date) -> list[date]:
    if not FIRST_DAY <= first <= LAST_DAY or not FIRST_DAY <= last <= LAST_DAY:
        raise InvalidRange(f"from and to lie between {FIRST_DAY} and {LAST_DAY}; name days in between")
    if first > last:
        raise InvalidRange("from lies after to; name the earlier day as from")
    count = (last - first).days + 1
    if count > MAX_DAYS:
        raise InvalidRange(f"the range has {count} days, at most {MAX_DAYS} are read at once; ask in parts")
    return [first + timedelta(days=number) for number in range(count)]
