"""Gathering the figures of a report."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from services.analytics.behavior.service import Behavior
from services.analytics.kpis.catalogue_models import CATALOGUE, Kpi, Target
from services.analytics.kpis.range_models import Range
from services.analytics.kpis.schemas import PartOut, PointOut
from services.analytics.kpis.service import Kpis
from services.analytics.reports.figure_models import DayFigure, Figures, KpiFigures, PartFigures, PeopleFigures
from services.analytics.reports.models import Report
from services.analytics.rollups.rolling_repository import EVERYBODY, RollupStateReader

TREND_DAYS: Final = 30
"""How many days stand behind a daily figure."""


class Gathering:
    """Reads of one snapshot, so that all figures of a report fit each other."""

    def __init__(self, kpis: Kpis, behavior: Behavior, state: RollupStateReader) -> None:
        self._kpis = kpis
        self._behavior = behavior
        self._state = state

    async def gather(self, report: Report) -> Figures:
        """All figures of a report."""
        whose = None if report.organization_id == EVERYBODY else report.organization_id
        kpis = [await self._kpi(kpi, whose, report) for kpi in CATALOGUE]
        state = await self._state.state()
        return Figures(
            kind=report.kind,
            organization_id=whose,
            first=report.first_day,
            last=report.last_day,
            as_of=report.as_of,
            rolled_as_of=state.rolled_at,
            kpis=tuple(kpis),
            people=await self._people(whose),
        )

    async def _kpi(self, kpi: Kpi, whose: UUID | None, report: Report) -> KpiFigures:
        first, last = report.first_day, report.last_day
        length = last - first + timedelta(days=1)
        shown_from = min(first, last - timedelta(days=TREND_DAYS - 1)) if report.kind == "daily" else first
        now = await self._kpis.parts(kpi, whose, Range(first, last, "day"))
        before = await self._kpis.parts(kpi, whose, Range(first - length, last - length, "day"))
        days = await self._kpis.parts(kpi, whose, Range(shown_from, last, "day"))
        return KpiFigures(
            key=kpi.key,
            title=kpi.title,
            area=kpi.area,
            owner=kpi.owner,
            unit=kpi.unit,
            formula=str(kpi.formula),
            by=kpi.by,
            target=_shown(kpi.target),
            parts=tuple(
                _part(dimension, now, before, days) for dimension in sorted({one.dimension for one in (*now, *before, *days)})
            ),
        )

    async def _people(self, whose: UUID | None) -> PeopleFigures:
        found = await self._behavior.summary(whose)
        return PeopleFigures(
            as_of=found.freshness.as_of,
            users=found.users,
            active_today=found.active_today,
            active_7_days=found.active_7_days,
            active_30_days=found.active_30_days,
            low_risk=found.churn_risk.low,
            medium_risk=found.churn_risk.medium,
            high_risk=found.churn_risk.high,
        )


def _part(dimension: str, now: list[PartOut], before: list[PartOut], days: list[PartOut]) -> PartFigures:
    of = {one.dimension: one for one in now}.get(dimension)
    was = {one.dimension: one for one in before}.get(dimension)
    shown = {one.dimension: one for one in days}.get(dimension)
    points: list[PointOut] = shown.points if shown is not None else []
    return PartFigures(
        dimension=dimension,
        value=of.whole.value if of is not None else None,
        n=of.whole.n if of is not None else 0,
        before=was.whole.value if was is not None else None,
        is_on_target=of.is_on_target if of is not None else None,
        days=tuple(DayFigure(day=point.at.date(), value=point.value, n=point.n) for point in points),
    )


def _shown(target: Target | None) -> str | None:
    if target is None:
        return None
    return f"{'at least' if target.direction == 'at_least' else 'at most'} {100 * target.value:g} %"
