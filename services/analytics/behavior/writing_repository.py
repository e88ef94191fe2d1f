"""Statements that work out what people did. A day is worked out whole, so doing it again changes nothing."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from services.analytics.kpis.range_models import day_start
from shared.runtime.db import Session

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('analytics.behavior'))")
_TAKE: Final = text("""
    WITH taken AS (
        DELETE FROM changed_event_days WHERE day IN (SELECT day FROM changed_event_days ORDER BY day LIMIT 1) RETURNING day
    )
    SELECT day FROM taken
""")
_CLEAR: Final = text("DELETE FROM user_activity WHERE day = :day")
MOST_TIMES: Final = 100
"""Of one kind of event, one person and one day. Who does something more often is a program; its times would fill the table."""
_COUNT: Final = text("""
    INSERT INTO user_activity (organization_id, day, user_id, name, n, first_at, last_at, times)
    SELECT organization_id, :day, user_id, name, count(*), min(occurred_at), max(occurred_at),
           CASE WHEN count(*) BETWEEN 3 AND :most_times THEN array_agg(occurred_at) END
      FROM events WHERE occurred_at >= :begin AND occurred_at < :end AND user_id IS NOT NULL
     GROUP BY organization_id, user_id, name
""")
_FIRSTS: Final = text("""
    INSERT INTO user_firsts AS known (organization_id, user_id, first_day)
    SELECT DISTINCT organization_id, user_id, CAST(:day AS date) FROM user_activity WHERE day = :day
    ON CONFLICT (organization_id, user_id) DO UPDATE SET first_day = excluded.first_day WHERE excluded.first_day < known.first_day
""")

# Whole numbers and fractions alone: a score that is worked out again is the same.
_FEATURES: Final = text("""
    WITH active AS (
        SELECT organization_id, user_id, min(day) AS first_day, max(day) AS last_day, count(DISTINCT day) AS days,
               count(DISTINCT day) FILTER (WHERE day > :recent) AS days_30,
               coalesce(sum(n) FILTER (WHERE day > :recent), 0) AS events_30,
               count(DISTINCT name) FILTER (WHERE day > :recent) AS kinds_30
          FROM user_activity WHERE day > :oldest AND day <= :today GROUP BY organization_id, user_id
    ), measured AS (
        SELECT *, CAST(:today AS date) - last_day AS silent,
               CASE WHEN days > 1 THEN round((last_day - first_day)::numeric / (days - 1), 2) END AS gap
          FROM active
    ), scored AS (
        SELECT *, round(40 * greatest(0, 30 - silent) / 30.0)::integer AS recency,
               round(40 * least(days_30, 20) / 20.0)::integer AS frequency,
               round(20 * least(kinds_30, 8) / 8.0)::integer AS breadth,
               CASE WHEN gap IS NULL THEN CASE WHEN silent <= 7 THEN 'low' WHEN silent <= 30 THEN 'medium' ELSE 'high' END
                    WHEN silent <= 2 * greatest(gap, 1) THEN 'low'
                    WHEN silent <= 4 * greatest(gap, 1) THEN 'medium' ELSE 'high' END AS risk
          FROM measured
    )
    INSERT INTO user_features (organization_id, user_id, last_day, silent_days, active_days_30, events_30, kinds_30,
                               usual_gap_days, engagement, recency_points, frequency_points, breadth_points, churn_risk,
                               explanation)
    SELECT organization_id, user_id, last_day, silent, days_30, events_30, kinds_30, gap, recency + frequency + breadth, recency,
           frequency, breadth, risk,
           'silent for ' || silent || ' days, '
           || CASE WHEN gap IS NULL THEN 'was there on one day alone'
                   ELSE 'usually there every ' || greatest(gap, 1) || ' days' END
           || '; of the last 30 days there on ' || days_30 || ' with ' || kinds_30 || ' kinds of events'
      FROM scored
""")
_NOTE: Final = text("""
    UPDATE behavior_state SET as_of = :as_of, computed_at = :at, days = days + :days,
           users = (SELECT count(*) FROM user_features)
""")


class BehaviorRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold(self) -> None:
        """Nobody else works it out until the unit of work ends."""
        await self._session.execute(_LOCK)

    async def take(self) -> date | None:
        """The oldest day of which something has changed, which counts as worked out from now on."""
        return (await self._session.execute(_TAKE)).scalar_one_or_none()

    async def count(self, day: date) -> None:
        """Work out anew what people did on a day."""
        bound: dict[str, Any] = {"day": day, "begin": day_start(day), "end": day_start(day) + timedelta(days=1)}
        await self._session.execute(_CLEAR, {"day": day})
        await self._session.execute(_COUNT, bound | {"most_times": MOST_TIMES})
        await self._session.execute(_FIRSTS, {"day": day})

    async def score(self, today: date) -> None:
        """Work out anew how engaged everybody is who was there in the last 90 days."""
        bound = {"today": today, "recent": today - timedelta(days=30), "oldest": today - timedelta(days=90)}
        await self._session.execute(text("DELETE FROM user_features"))
        await self._session.execute(_FEATURES, bound)

    async def note(self, as_of: datetime, days: int, at: datetime) -> None:
        """Say what was worked out."""
        await self._session.execute(_NOTE, {"as_of": as_of, "days": days, "at": at})
