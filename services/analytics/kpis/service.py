"""Figures over ranges of days, with how old they are."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from services.analytics.cached_answers.cache import AnswerCache
from services.analytics.event_names.service import EventNames
from services.analytics.kpis.asked_models import Asked
from services.analytics.kpis.catalogue_models import BY_KEY, CATALOGUE, Count, Kpi, Percentile, Total
from services.analytics.kpis.computing import Figure, compute, percentile
from services.analytics.kpis.errors import InvalidRange, KpiNotFound, SeriesNotFound
from services.analytics.kpis.range_models import Range
from services.analytics.kpis.repository import Key, Rolled, RollupReader
from services.analytics.kpis.schemas import (
    DayValueOut,
    FreshnessOut,
    KpiListed,
    KpiOut,
    KpisOut,
    KpiValuesOut,
    PartOut,
    PointOut,
    SeriesOut,
    SeriesPartOut,
    SeriesPointOut,
)
from services.analytics.kpis.value_repository import DayValue, KpiValueReader
from services.analytics.rollups.rolling import MINUTES_KEPT
from services.analytics.rollups.rolling_repository import RollupState, RollupStateReader
from shared.runtime.clock import Clock

SERIES_FRESHNESS_S: Final = 180
PARTS: Final = TypeAdapter(list[PartOut])
"""The form of an answer that is kept; whoever changes it takes another `VERSION` in `cached_answers/cache.py`."""


def kpi_of(key: str) -> Kpi:
    """One of the catalogue. Raises KpiNotFound, which names those that are written nearly like it."""
    kpi = BY_KEY.get(key)
    if kpi is None:
        raise KpiNotFound(f"there is no KPI of this key; {_meant(key, BY_KEY)}GET /v1/kpis lists all", near=_near(key, BY_KEY))
    return kpi


def freshness_of(state: RollupState, within_s: int, now: datetime) -> FreshnessOut:
    """How old figures are. What waits to be counted makes them as old as it is."""
    moments = [moment for moment in (state.rolled_at, state.waiting_since) if moment is not None]
    return aged(min(moments) if state.rolled_at is not None else None, within_s, now)


def aged(as_of: datetime | None, within_s: int, now: datetime) -> FreshnessOut:
    """How old figures are of which everything is counted that had come by then."""
    age_s = max(0.0, (now - as_of).total_seconds()) if as_of is not None else None
    return FreshnessOut(as_of=as_of, age_s=age_s, within_s=within_s, is_fresh=age_s is not None and age_s <= within_s)


class Kpis:
    """Reads. organization_id: whose figures; None for those of all together."""

    def __init__(
        self,
        rollups: RollupReader,
        values: KpiValueReader,
        state: RollupStateReader,
        names: EventNames,
        clock: Clock,
        answers: AnswerCache | None = None,
    ) -> None:
        self._rollups = rollups
        self._values = values
        self._state = state
        self._names = names
        self._clock = clock
        self._answers = answers

    async def catalogue(self, organization_id: UUID | None) -> KpisOut:
        """Every KPI with its figures of the last whole day."""
        last: dict[str, list[DayValue]] = {}
        for one in await self._values.last(organization_id):
            last.setdefault(one.key, []).append(one)
        return KpisOut(
            freshness=await self._freshness(min(kpi.freshness_s for kpi in CATALOGUE)),
            kpis=[KpiListed(**KpiOut.of(kpi).model_dump(), last=_shown(last.get(kpi.key, ()))) for kpi in CATALOGUE],
        )

    async def values(self, key: str, organization_id: UUID | None, meant: Range) -> KpiValuesOut:
        """A KPI over a range. Raises KpiNotFound and InvalidRange."""
        kpi = kpi_of(key)
        _require(meant, self._clock())
        parts, freshness = await self._kept_parts(kpi, organization_id, meant)
        return KpiValuesOut.model_validate(
            KpiOut.of(kpi).model_dump()
            | {
                "organization_id": organization_id,
                "grain": meant.grain,
                "from": meant.first,
                "to": meant.last,
                "freshness": freshness,
                "parts": parts,
            }
        )

    async def _kept_parts(self, kpi: Kpi, organization_id: UUID | None, meant: Range) -> tuple[list[PartOut], FreshnessOut]:
        """Its figures, as somebody else may have worked them out before, and how old they are."""
        state = await self._state.state()
        freshness = freshness_of(state, kpi.freshness_s, self._clock())
        if self._answers is None:
            return await self.parts(kpi, organization_id, meant), freshness

        async def make() -> bytes:
            return PARTS.dump_json(await self.parts(kpi, organization_id, meant))

        name = Asked(kpi.key, organization_id, meant).name
        kept = await self._answers.answer(name, state.generation, freshness.as_of, make)
        if kept.generation != state.generation:
            freshness = aged(kept.as_of, kpi.freshness_s, self._clock())
        return PARTS.validate_json(kept.body), freshness

    async def parts(self, kpi: Kpi, organization_id: UUID | None, meant: Range) -> list[PartOut]:
        """Its figures, by part. Raises InvalidRange."""
        _require(meant, self._clock())
        series = sorted({part.series for part in kpi.parts})
        with_hist = isinstance(kpi.formula, Percentile)
        rolled = await self._rollups.read(series, organization_id, meant, with_hist=with_hist)
        steps: dict[datetime, dict[tuple[str, str], Rolled]] = {step: {} for step in meant.steps()}
        for (step, name, dimension), row in rolled.items():
            steps[step][name, dimension] = row
        whole = compute(kpi, _together(rolled))
        points = {step: compute(kpi, rows) for step, rows in steps.items()}
        return [_part(kpi, dimension, figure, points) for dimension, figure in whole.items()]

    async def series(self, series: str, organization_id: UUID | None, meant: Range) -> SeriesOut:
        """What was counted of one series. Raises SeriesNotFound and InvalidRange."""
        known = {measure.series for measure in await self._names.measures()}
        if series not in known:
            said = f"nothing is counted under this name; {_meant(series, known)}GET /v1/event-names lists all series"
            raise SeriesNotFound(said, near=_near(series, known))
        _require(meant, self._clock())
        rolled = await self._rollups.read([series], organization_id, meant, with_hist=True)
        parts: dict[str, list[SeriesPointOut]] = {}
        for (step, _, dimension), row in sorted(rolled.items()):
            parts.setdefault(dimension, []).append(_series_point(step, row))
        return SeriesOut(
            series=series,
            organization_id=organization_id,
            grain=meant.grain,
            freshness=await self._freshness(SERIES_FRESHNESS_S),
            parts=[SeriesPartOut(dimension=dimension, points=points) for dimension, points in sorted(parts.items())],
        )

    async def _freshness(self, within_s: int) -> FreshnessOut:
        return freshness_of(await self._state.state(), within_s, self._clock())


def _require(meant: Range, now: datetime) -> None:
    if wrong := meant.wrong():
        raise InvalidRange(wrong)
    kept_since = now - MINUTES_KEPT
    if meant.grain == "minute" and meant.begin < kept_since:
        # Nothing that is kept would be answered as nothing that has happened.
        first = kept_since.date() + timedelta(days=1)
        raise InvalidRange(f"minutes are kept for {MINUTES_KEPT.days} days, from {first} on; ask by the hour")


def _together(rolled: Mapping[Key, Rolled]) -> dict[tuple[str, str], Rolled]:
    """The rows of all steps as those of one. Histograms are kept side by side: a percentile reads many."""
    sums: dict[tuple[str, str], Rolled] = {}
    for (_, series, dimension), row in rolled.items():
        known = sums.get((series, dimension))
        sums[series, dimension] = row if known is None else _added(known, row)
    return sums


def _added(one: Rolled, other: Rolled) -> Rolled:
    lowest = min((row.lowest for row in (one, other) if row.lowest is not None), default=None)
    highest = max((row.highest for row in (one, other) if row.highest is not None), default=None)
    return Rolled(one.n + other.n, one.total + other.total, lowest, highest, _hist_added(one.hist, other.hist))


def _hist_added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    if not one or not other:
        return one or other
    first = min(one[0], other[0])
    counts = [0] * (max(one[0] + len(one), other[0] + len(other)) - 1 - first)
    for hist in (one, other):
        for place, count in enumerate(hist[1:], start=hist[0] - first):
            counts[place] += count
    return (first, *counts)


def _part(kpi: Kpi, dimension: str, whole: Figure, points: Mapping[datetime, Mapping[str, Figure]]) -> PartOut:
    nothing = Figure(0 if isinstance(kpi.formula, Count | Total) else None, 0)
    shown = [(step, figures.get(dimension, nothing)) for step, figures in points.items()]
    return PartOut(
        dimension=dimension,
        whole=PointOut(at=shown[0][0], value=whole.value, n=whole.n),
        is_on_target=is_on_target(kpi, whole.value),
        points=[PointOut(at=step, value=figure.value, n=figure.n) for step, figure in shown],
    )


def is_on_target(kpi: Kpi, value: float | None) -> bool | None:
    """Whether a figure is as it should be; None where nothing is aimed at, or there is none."""
    return kpi.target.is_met(value) if kpi.target is not None and value is not None else None


def _series_point(step: datetime, row: Rolled) -> SeriesPointOut:
    p50, p95, p99 = (percentile([row], q) for q in (0.5, 0.95, 0.99))
    return SeriesPointOut(at=step, n=row.n, total=row.total, lowest=row.lowest, highest=row.highest, p50=p50, p95=p95, p99=p99)


def _shown(values: Iterable[DayValue]) -> list[DayValueOut]:
    return [DayValueOut.model_validate(one, from_attributes=True) for one in values]


def _near(key: str, known: Collection[str]) -> list[str]:
    within = [one for one in sorted(known) if len(key) >= 3 and key in one]
    return list(dict.fromkeys([*difflib.get_close_matches(key, sorted(known), n=3, cutoff=0.5), *within]))[:5]


def _meant(key: str, known: Collection[str]) -> str:
    close = _near(key, known)
    return f"did you mean {' or '.join(close)}? " if close else ""
