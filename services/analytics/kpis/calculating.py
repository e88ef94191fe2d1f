"""Working out the figures of whole days, for every organization and for all together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.analytics.kpis.catalogue_models import CATALOGUE
from services.analytics.kpis.computing import compute
from services.analytics.kpis.repository import Rolled
from services.analytics.kpis.service import is_on_target
from services.analytics.kpis.value_repository import KpiValueRepository, NewValue
from services.analytics.rollups.rolling import Rolling
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.runtime.clock import Clock
from shared.runtime.db import Session


class Calculating:
    """Each day in a transaction of its own: the mark that it has changed goes with its figures."""

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], rolling: Rolling, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._rolling = rolling
        self._clock = clock

    async def calculate(self, slot: datetime | None) -> int:
        """Work out the days that are over by the slot and have changed, and the one before it. Returns how many that were."""
        today = (slot or self._clock()).astimezone(UTC).date()
        await self._rolling.roll()
        async with self._unit_of_work() as session:
            await KpiValueRepository(session).changed(today - timedelta(days=1))
        done = 0
        while await self._one(today):
            done += 1
        return done

    async def _one(self, today: date) -> bool:
        async with self._unit_of_work() as session:
            values = KpiValueRepository(session)
            days = await values.take(today, 1)
            for day in days:
                rolled = await values.rolled(day)
                everybodys = {EVERYBODY: rolled.pop(EVERYBODY, {})}
                await values.replace(day, list(_figures(everybodys | rolled)), self._clock())
        return bool(days)


_NOTHING: Final = 0


def _figures(rolled: Mapping[UUID, Mapping[tuple[str, str], Rolled]]) -> Iterator[NewValue]:
    """An organization has the figures of what has happened in it; of all together there is each."""
    for organization_id, rows in rolled.items():
        for kpi in CATALOGUE:
            for dimension, figure in compute(kpi, rows).items():
                if figure.n != _NOTHING or organization_id == EVERYBODY:
                    on_target = is_on_target(kpi, figure.value)
                    yield NewValue(kpi.key, organization_id, dimension, figure.value, figure.n, on_target)
