"""Reading what people did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select, text, tuple_

from services.analytics.behavior.models import Risk, UserFeatures
from shared.runtime.db import ReadSession

CohortGrain = Literal["day", "week", "month"]

_STATE: Final = text("SELECT as_of, computed_at, users FROM behavior_state")
_SUMMARY: Final = text("""
    SELECT count(*) AS users,
           count(*) FILTER (WHERE silent_days = 0) AS active_1,
           count(*) FILTER (WHERE silent_days < 7) AS active_7,
           count(*) FILTER (WHERE silent_days < 30) AS active_30,
           coalesce(sum(active_days_30), 0) AS days_30,
           count(*) FILTER (WHERE churn_risk = 'low') AS low, count(*) FILTER (WHERE churn_risk = 'medium') AS medium,
           count(*) FILTER (WHERE churn_risk = 'high') AS high, round(avg(engagement), 2)::float8 AS engagement
      FROM user_features WHERE CAST(:organization_id AS uuid) IS NULL OR organization_id = :organization_id
""")

# Steps since the first one: months by the calendar, days and weeks by their length.
_RETENTION: Final = text("""
    WITH cohort AS (
        SELECT organization_id, user_id, date_trunc(:grain, CAST(first_day AS timestamp))::date AS began
          FROM user_firsts
         WHERE first_day BETWEEN :first AND :last
           AND (CAST(:organization_id AS uuid) IS NULL OR organization_id = :organization_id)
    ), seen AS (
        SELECT DISTINCT cohort.organization_id, cohort.user_id, began,
               date_trunc(:grain, CAST(activity.day AS timestamp))::date AS step
          FROM cohort JOIN user_activity AS activity USING (organization_id, user_id)
         WHERE activity.day <= :until
    )
    SELECT began,
           CASE :grain WHEN 'day' THEN step - began WHEN 'week' THEN (step - began) / 7
                       ELSE 12 * (extract(year FROM step) - extract(year FROM began))
                            + extract(month FROM step) - extract(month FROM began) END::integer AS periods,
           count(*) AS users
      FROM seen GROUP BY 1, 2 ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class BehaviorState:
    """What was worked out last. None before anything was."""

    as_of: datetime | None
    computed_at: datetime | None
    users: int


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many have come to a step, and in how many seconds half of them did, since the first."""

    users: int
    median_s: float | None


class BehaviorReader:
    """Reads. organization_id: whose people; None for those of all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def state(self) -> BehaviorState:
        """What was worked out last."""
        row = (await self._session.execute(_STATE)).one()
        return BehaviorState(row.as_of, row.computed_at, row.users)

    async def summary(self, organization_id: UUID | None) -> dict[str, Any]:
        """How many there are, how many were there lately, and how they stand."""
        return dict((await self._session.execute(_SUMMARY, {"organization_id": organization_id})).mappings().one())

    async def users(
        self, organization_id: UUID | None, risk: Risk | None, *, after: tuple[UUID, str] | None, limit: int
    ) -> Sequence[UserFeatures]:
        """How each stands, by organization and id."""
        query = select(UserFeatures).order_by(UserFeatures.organization_id, UserFeatures.user_id).limit(limit)
        if organization_id is not None:
            query = query.where(UserFeatures.organization_id == organization_id)
        if risk is not None:
            query = query.where(UserFeatures.churn_risk == risk)
        if after is not None:
            query = query.where(tuple_(UserFeatures.organization_id, UserFeatures.user_id) > after)
        return (await self._session.scalars(query)).all()

    async def retention(
        self, organization_id: UUID | None, first: date, last: date, grain: CohortGrain, until: date
    ) -> dict[date, dict[int, int]]:
        """Of those who came first in a step, how many were there so many steps later; by the step's first day."""
        bound = {"organization_id": organization_id, "first": first, "last": last, "grain": grain, "until": until}
        found: dict[date, dict[int, int]] = {}
        for began, periods, users in await self._session.execute(_RETENTION, bound):
            found.setdefault(began, {})[periods] = users
        return found

    async def funnel(
        self, organization_id: UUID | None, steps: Sequence[str], first: date, last: date, within_days: int
    ) -> list[StepCount]:
        """How many have come to each step, one after the other."""
        bound: dict[str, Any] = {f"step{number}": name for number, name in enumerate(steps)}
        bound |= {"organization_id": organization_id, "first": first, "last": last, "within": within_days}
        row = (await self._session.execute(text(_funnel(steps)), bound)).one()
        return [StepCount(row[2 * number], row[2 * number + 1]) for number in range(len(steps))]


_ENTERED: Final = """
    WITH reached0 AS (
        SELECT organization_id, user_id, min(first_at) AS entered, min(first_at) AS at FROM user_activity
         WHERE name = :step0 AND day BETWEEN :first AND :last
           AND (CAST(:organization_id AS uuid) IS NULL OR organization_id = :organization_id)
         GROUP BY organization_id, user_id
    )"""
# Of what was done up to a hundred times on a day each time is known, else the first and the last: what was done in between counts
# at the last. later: `>` where an earlier step has the same name, because that step's own event is no second one.
_REACHED: Final = """, reached{n} AS (
        SELECT before.organization_id, before.user_id, before.entered, min(found.at) AS at
          FROM reached{before} AS before
          JOIN user_activity AS activity ON activity.organization_id = before.organization_id
           AND activity.user_id = before.user_id AND activity.name = :step{n}
           AND activity.day BETWEEN (before.at AT TIME ZONE 'UTC')::date
                                AND (before.entered AT TIME ZONE 'UTC')::date + CAST(:within AS integer)
         CROSS JOIN LATERAL (
             SELECT CASE WHEN activity.first_at {later} before.at THEN activity.first_at
                         WHEN activity.times IS NULL THEN activity.last_at
                         ELSE (SELECT min(done) FROM unnest(activity.times) AS done WHERE done {later} before.at) END AS at
         ) AS found
         WHERE activity.last_at {later} before.at AND found.at <= before.entered + CAST(:within AS integer) * interval '24 hours'
         GROUP BY before.organization_id, before.user_id, before.entered
    )"""
_COUNTED: Final = """(SELECT count(*) FROM reached{n}),
       (SELECT extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY at - entered))::float8 FROM reached{n})"""


def _funnel(steps: Sequence[str]) -> str:
    """The statement for these steps, put together of the constants above; names are bound."""
    later = [">" if name in steps[:number] else ">=" for number, name in enumerate(steps)]
    chained = "".join(_REACHED.format(n=number, before=number - 1, later=later[number]) for number in range(1, len(steps)))
    counted = ", ".join(_COUNTED.format(n=number) for number in range(len(steps)))
    return f"{_ENTERED}{chained} SELECT {counted}"
