"""What people do: how engaged they are, how far they go, and whether they come again."""

from collections.abc import Sequence
from datetime import UTC, date
from typing import Final
from uuid import UUID

from services.analytics.behavior.errors import InvalidRange, UnknownStep
from services.analytics.behavior.repository import BehaviorReader, CohortGrain, StepCount
from services.analytics.behavior.schemas import (
    BehaviorFreshness,
    BehaviorOut,
    CohortOut,
    FunnelOut,
    FunnelStepOut,
    RetainedOut,
    RetentionOut,
    RisksOut,
)
from services.analytics.event_names.catalogue_models import near
from services.analytics.event_names.service import EventNames
from services.analytics.kpis.range_models import Range
from shared.runtime.clock import Clock

WITHIN_S: Final = 7 * 3600
"""How old figures may be that are worked out every six hours."""
MAX_DAYS: Final = 366
STEPS: Final = (2, 8)
PERIODS: Final[dict[CohortGrain, int]] = {"day": 31, "week": 26, "month": 12}


class Behavior:
    """Reads. organization_id: whose people; None for those of all."""

    def __init__(self, reader: BehaviorReader, names: EventNames, clock: Clock) -> None:
        self._reader = reader
        self._names = names
        self._clock = clock

    async def summary(self, organization_id: UUID | None) -> BehaviorOut:
        """How people stand."""
        found = await self._reader.summary(organization_id)
        active, days = found["active_30"], int(found["days_30"])
        return BehaviorOut(
            freshness=await self._freshness(),
            users=found["users"],
            active_today=found["active_1"],
            active_7_days=found["active_7"],
            active_30_days=active,
            stickiness=round(days / (30 * active), 4) if active else None,
            engagement=found["engagement"],
            churn_risk=RisksOut(low=found["low"], medium=found["medium"], high=found["high"]),
        )

    async def funnel(
        self, organization_id: UUID | None, steps: Sequence[str], first: date, last: date, within_days: int
    ) -> FunnelOut:
        """How many go how far. Raises InvalidRange and UnknownStep."""
        _require(first, last)
        known = [one.name for one in await self._names.all()]
        for number, step in enumerate(steps, start=1):
            if step not in known:
                close = near(step, known)
                meant = f"; did you mean {' or '.join(close)}?" if close else ""
                raise UnknownStep(f"no event has the name of step {number}{meant}", near=close)
        counts = await self._reader.funnel(organization_id, steps, first, last, within_days)
        shown = [
            _step(name, count, counts[max(number - 1, 0)], counts[0])
            for number, (name, count) in enumerate(zip(steps, counts, strict=True))
        ]
        freshness = await self._freshness()
        return FunnelOut(freshness=freshness, first=first, last=last, within_days=within_days, steps=shown)

    async def retention(self, organization_id: UUID | None, first: date, last: date, grain: CohortGrain) -> RetentionOut:
        """Of those who came first in each step, how many came again. Raises InvalidRange."""
        _require(first, last)
        freshness = await self._freshness()
        until = (freshness.as_of or self._clock()).astimezone(UTC).date()
        found = await self._reader.retention(organization_id, first, last, grain, until)
        cohorts = [_cohort(began, found.get(began, {}), grain, until) for began in _steps(first, last, grain)]
        return RetentionOut(freshness=freshness, grain=grain, cohorts=cohorts)

    async def _freshness(self) -> BehaviorFreshness:
        state = await self._reader.state()
        age_s = max(0.0, (self._clock() - state.as_of).total_seconds()) if state.as_of is not None else None
        is_fresh = age_s is not None and age_s <= WITHIN_S
        return BehaviorFreshness(
            as_of=state.as_of, computed_at=state.computed_at, age_s=age_s, within_s=WITHIN_S, is_fresh=is_fresh
        )


def _require(first: date, last: date) -> None:
    wrong = Range(first, last, "day").wrong()
    if wrong is None and (last - first).days >= MAX_DAYS:
        wrong = f"at most {MAX_DAYS} days are read at once; ask in parts"
    if wrong is not None:
        raise InvalidRange(wrong)


def _steps(first: date, last: date, grain: CohortGrain) -> list[date]:
    return [step.date() for step in Range(first, last, grain).steps()]


def _step(name: str, count: StepCount, before: StepCount, first: StepCount) -> FunnelStepOut:
    return FunnelStepOut(
        name=name,
        users=count.users,
        share_of_first=_share(count.users, first.users),
        share_of_previous=_share(count.users, before.users),
        median_s=count.median_s,
    )


def _cohort(began: date, retained: dict[int, int], grain: CohortGrain, until: date) -> CohortOut:
    users = retained.get(0, 0)
    last = len(_steps(began, until, grain)) if began <= until else 0
    shown = [
        RetainedOut(periods=number, users=retained.get(number, 0), share=_share(retained.get(number, 0), users) or 0.0)
        for number in range(min(last, PERIODS[grain] + 1))
    ]
    return CohortOut(began=began, users=users, retained=shown)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
