"""Reading the history: pages of runs by keyset, counts and histograms from the statistics alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Text, bindparam, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from services.analytics.task_runs.models import Heard, RunFilter, TaskCounts, TaskRun
from shared.runtime.db import ReadSession

MINUTE_S: Final = 60
HOUR_S: Final = 3600
SLOW_S: Final = 1.0
"""The index of slow runs has those that took as long."""

_COLUMNS: Final = """
           sum(done)::bigint AS done, sum(dropped)::bigint AS dropped, sum(retried)::bigint AS retried,
           sum(failed)::bigint AS failed, sum(lost)::bigint AS lost, sum(revoked)::bigint AS revoked,
           sum(deliveries)::bigint AS deliveries
"""
_WINDOW: Final = """
     WHERE span_s = :span_s AND begins_at >= :since AND begins_at <= :until
       AND (CAST(:name AS text) IS NULL OR name = :name)
"""
_COUNTS: Final = "SELECT {key} AS key, {columns} FROM task_stats {window} GROUP BY 1 ORDER BY 1"
_HISTOGRAMS: Final = """
    SELECT {key} AS key, which, bucket::int AS bucket, sum(value::bigint)::bigint AS count
      FROM task_stats
     CROSS JOIN LATERAL (
           SELECT 'waited' AS which, each.key AS bucket, each.value FROM jsonb_each_text(waited) AS each
           UNION ALL SELECT 'ran', each.key, each.value FROM jsonb_each_text(ran) AS each) AS counted
     {window} GROUP BY 1, 2, 3
"""
_LANE_COUNTS: Final = text("""
    SELECT lane, sum(done + dropped + retried + failed)::bigint AS messages FROM task_stats
     WHERE span_s = 60 AND begins_at >= :since AND begins_at <= :until GROUP BY lane
""")
_HEARD: Final = text("SELECT heard_until FROM collector")
_GAPS: Final = text("""
    SELECT began_at, ended_at, reason, dropped FROM task_history_gaps
     WHERE ended_at > :since AND began_at < :until ORDER BY ended_at DESC LIMIT 100
""")
_SLOWER: Final = text("""
    SELECT task_runs.* FROM task_runs
      JOIN unnest(:names, CAST(:limits AS float8[])) AS slow(name, limit_s) USING (name)
     WHERE finished_at >= :since AND finished_at < :until AND ran_s >= slow.limit_s
       AND (CAST(:before AS timestamptz) IS NULL
            OR (finished_at, task_runs.id, delivery_id) < (:before, CAST(:before_id AS uuid), CAST(:before_delivery AS uuid)))
     ORDER BY finished_at DESC, task_runs.id DESC, delivery_id DESC LIMIT :most
""").bindparams(bindparam("names", type_=ARRAY(Text())))
_KEY: Final = tuple_(TaskRun.finished_at, TaskRun.id, TaskRun.delivery_id)

_WORDS: Final = ("done", "dropped", "retried", "failed", "lost", "revoked", "deliveries")

RunKey = tuple[datetime, UUID, UUID]


class TaskRunReader:
    """Reads runs."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def page(self, wanted: RunFilter, *, before: RunKey | None, limit: int) -> Sequence[TaskRun]:
        """At most `limit` runs, the newest first. before: the key of the last one of the page before."""
        query = select(TaskRun).where(TaskRun.finished_at >= wanted.since, TaskRun.finished_at < wanted.until)
        equal = {
            TaskRun.name: wanted.name,
            TaskRun.worker: wanted.worker,
            TaskRun.lane: wanted.lane,
            TaskRun.id: wanted.message_id,
            TaskRun.correlation_id: wanted.correlation_id,
        }
        for column, value in equal.items():
            query = query if value is None else query.where(column == value)
        if wanted.states is not None:
            query = query.where(TaskRun.state.in_(wanted.states))
            if not {"done", "dropped"}.intersection(wanted.states):
                # Says what the partial index says, so that it is taken.
                query = query.where(text("state NOT IN ('done', 'dropped')"))
        if wanted.least_ran_s is not None:
            query = query.where(TaskRun.ran_s >= wanted.least_ran_s)
            query = query.where(text("ran_s >= 1")) if wanted.least_ran_s >= SLOW_S else query
        query = query if before is None else query.where(tuple_(*before) > _KEY)
        order = (TaskRun.finished_at.desc(), TaskRun.id.desc(), TaskRun.delivery_id.desc())
        return (await self._session.scalars(query.order_by(*order).limit(limit))).all()

    async def slower(
        self, limits_s: Mapping[str, float], wanted: RunFilter, *, before: RunKey | None, limit: int
    ) -> Sequence[TaskRun]:
        """Runs that took at least as long as their task's limit, the newest first."""
        key = dict(zip(("before", "before_id", "before_delivery"), before or (None, None, None), strict=True))
        bound: dict[str, Any] = {
            "names": list(limits_s),
            "limits": list(limits_s.values()),
            "since": wanted.since,
            "until": wanted.until,
            "most": limit,
            **key,
        }
        query = select(TaskRun).from_statement(_SLOWER)
        return (await self._session.scalars(query, bound)).all()


class StatisticsReader:
    """Reads what was counted. Costs as much as the number of tasks and minutes, however many messages there were."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def counts(self, since: datetime, until: datetime, span_s: int, name: str | None = None) -> list[TaskCounts]:
        """Of each task that did anything, by name. span_s: of which statistics, minutes (60) or hours (3600)."""
        return list((await self._counts("name", since, until, span_s, name)).values())

    async def hours(self, since: datetime, until: datetime) -> dict[datetime, TaskCounts]:
        """All tasks together, by the hour; none for an hour in which nothing was heard."""
        return await self._counts("begins_at", since, until, HOUR_S, None)

    async def _counts(
        self, key: Literal["name", "begins_at"], since: datetime, until: datetime, span_s: int, name: str | None
    ) -> dict[Any, TaskCounts]:
        bound = {"since": since, "until": until, "span_s": span_s, "name": name}
        parts = {"key": key, "columns": _COLUMNS, "window": _WINDOW}
        found: dict[Any, TaskCounts] = {}
        for row in (await self._session.execute(text(_COUNTS.format(**parts)), bound)).mappings():
            found[row["key"]] = TaskCounts(str(row["key"]), **{word: row[word] for word in _WORDS})
        for row in (await self._session.execute(text(_HISTOGRAMS.format(**parts)), bound)).mappings():
            if row["key"] in found:
                getattr(found[row["key"]], row["which"])[row["bucket"]] = row["count"]
        return found

    async def messages_by_lane(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many messages ended in some way, by lane."""
        rows = await self._session.execute(_LANE_COUNTS, {"since": since, "until": until})
        return {row.lane: row.messages for row in rows}

    async def heard(self, since: datetime, until: datetime) -> Heard:
        """How far this can be trusted."""
        heard_until = (await self._session.execute(_HEARD)).scalar_one_or_none()
        gaps = (await self._session.execute(_GAPS, {"since": since, "until": until})).all()
        return Heard(heard_until, tuple(gaps))
