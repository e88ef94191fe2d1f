"""Statements that count events, set-based. A bucket is always counted whole, so counting it again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import text

from services.analytics.event_names.catalogue_models import OTHER, VALUE, Measure
from shared.runtime.db import ReadSession, Session

Grain = Literal["minute", "hour", "day"]
EVERYBODY: Final = UUID(int=2**128 - 1)
"""Stands for all organizations together."""
LENGTH: Final[dict[Grain, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_SEPARATOR: Final = "\x1f"

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('analytics.rollups'))")
# Only one counts at a time, so that so much is taken once; with less, groups of an hour's events go through files.
_MEMORY: Final = text("SELECT set_config('work_mem', '64MB', true)")

# What was committed with a mark is seen by what counts after it: under READ COMMITTED each statement has a snapshot of its own.
_TAKE: Final = text("""
    WITH taken AS (
        DELETE FROM event_marks WHERE minute IN (SELECT DISTINCT minute FROM event_marks ORDER BY minute LIMIT :limit)
        RETURNING minute
    )
    SELECT DISTINCT minute FROM taken ORDER BY minute
""")

_MARK: Final = text("""
    INSERT INTO event_marks (minute, marked_at)
    SELECT DISTINCT date_trunc('minute', occurred_at), CAST(:now AS timestamptz) FROM events
     WHERE occurred_at >= :first AND occurred_at < :last
    UNION
    SELECT bucket, CAST(:now AS timestamptz) FROM rollup_minutes WHERE bucket >= :first AND bucket < :last
""")

_CLEAR: Final[dict[Grain, Any]] = {
    "minute": text("DELETE FROM rollup_minutes WHERE bucket = ANY(CAST(:buckets AS timestamptz[]))"),
    "hour": text("DELETE FROM rollup_hours WHERE bucket = ANY(CAST(:buckets AS timestamptz[]))"),
    "day": text("DELETE FROM rollup_days WHERE bucket = ANY(CAST(:buckets AS timestamptz[]))"),
}

# Each event is joined with what is measured of its name. Counted first for each bucket of the histogram, so that an array is made
# once for each row, and does not grow with each event. A measure is known by its number until the end, for numbers are compared
# faster than text; its value is found once, which is why `measured` is a step of its own. Rows are written in the key's order,
# for which fewer pages of its index are looked up.
_COUNT: Final = text("""
    WITH measure AS (
        SELECT * FROM unnest(CAST(:names AS text[]), CAST(:series AS text[]), CAST(:fields AS text[]),
                             CAST(:dimensions AS text[]), CAST(:allowed AS text[]))
                 WITH ORDINALITY AS measure (name, series, field, by, allowed, number)
    ), measured AS MATERIALIZED (
        SELECT date_bin('1 minute', event.occurred_at, '2000-01-01 00:00:00+00') AS bucket, event.organization_id, measure.number,
               CASE WHEN measure.by IS NULL THEN ''
                    WHEN measure.allowed IS NULL THEN coalesce(event.properties ->> measure.by, '')
                    WHEN strpos(measure.allowed, :separator || (event.properties ->> measure.by) || :separator) > 0
                    THEN event.properties ->> measure.by ELSE :other END AS dimension,
               measure.field IS NOT NULL AS is_measured,
               CASE WHEN measure.field = :value THEN event.value
                    WHEN jsonb_typeof(event.properties -> measure.field) = 'number'
                    THEN trunc((event.properties -> measure.field)::numeric)::bigint END AS value
          FROM unnest(CAST(:begins AS timestamptz[]), CAST(:ends AS timestamptz[])) AS span (begins, ends)
          JOIN events AS event ON event.occurred_at >= span.begins AND event.occurred_at < span.ends
               AND event.occurred_at >= :first AND event.occurred_at < :last
          JOIN measure ON measure.name = event.name
    ), placed AS (
        SELECT bucket, organization_id, number, dimension, hist_bucket(value) AS place, count(*) AS n, sum(value) AS total,
               min(value) AS lowest, max(value) AS highest
          FROM measured WHERE NOT is_measured OR value IS NOT NULL
         GROUP BY bucket, organization_id, number, dimension, place
    ), everybodys AS (
        SELECT * FROM placed
        UNION ALL
        SELECT bucket, CAST(:everybody AS uuid), number, dimension, place, n, total, lowest, highest FROM placed
    ), counted AS (
        SELECT number, organization_id, bucket, dimension, sum(n) AS n, sum(total) AS total, min(lowest) AS lowest,
               max(highest) AS highest, hist_of(array_agg(place), array_agg(n)) AS hist
          FROM everybodys GROUP BY bucket, organization_id, number, dimension
    )
    INSERT INTO rollup_minutes (series, organization_id, bucket, dimension, n, total, lowest, highest, hist)
    SELECT series, organization_id, bucket, dimension, n, total, lowest, highest, hist FROM counted JOIN measure USING (number)
     ORDER BY series, organization_id, bucket, dimension
""")

_MERGE_HOURS: Final = text("""
    INSERT INTO rollup_hours (series, organization_id, bucket, dimension, n, total, lowest, highest, hist)
    SELECT series, organization_id, hour, dimension, sum(n), sum(total), min(lowest), max(highest), hist_sum(hist)
      FROM unnest(CAST(:buckets AS timestamptz[])) AS hour
      JOIN rollup_minutes AS fine ON fine.bucket >= hour AND fine.bucket < hour + interval '1 hour'
     GROUP BY series, organization_id, hour, dimension
""")

# Days are days of UTC, and an interval of hours is the same length in every time zone of a session.
_MERGE_DAYS: Final = text("""
    INSERT INTO rollup_days (series, organization_id, bucket, dimension, n, total, lowest, highest, hist)
    SELECT series, organization_id, day, dimension, sum(n), sum(total), min(lowest), max(highest), hist_sum(hist)
      FROM unnest(CAST(:buckets AS timestamptz[])) AS day
      JOIN rollup_hours AS fine ON fine.bucket >= day AND fine.bucket < day + interval '24 hours'
     GROUP BY series, organization_id, day, dimension
""")

_MERGE: Final[dict[Grain, Any]] = {"hour": _MERGE_HOURS, "day": _MERGE_DAYS}

_CHANGED: Final = text("""
    INSERT INTO changed_event_days (day) SELECT unnest(CAST(:days AS date[])) ON CONFLICT (day) DO NOTHING
""")

_CHANGED_KPIS: Final = text("""
    INSERT INTO changed_kpi_days (day) SELECT unnest(CAST(:days AS date[])) ON CONFLICT (day) DO NOTHING
""")

_NOTE: Final = text("""
    UPDATE rollup_state SET rolled_at = greatest(rolled_at, CAST(:at AS timestamptz)), minutes = minutes + :minutes,
           took_ms = :took_ms
""")

_STATE: Final = text("""
    SELECT rolled_at, minutes, took_ms, (SELECT min(marked_at) FROM event_marks) AS waiting_since,
           concat_ws('.', tableoid, minutes) AS generation
      FROM rollup_state
""")

_FORGET: Final = text("DELETE FROM rollup_minutes WHERE bucket < :before")


@dataclass(frozen=True, slots=True)
class RollupState:
    """How far counting has come. rolled_at: what was committed before then is counted. waiting_since: the oldest that is not.

    generation: another one whenever something was counted, and in a database that was restored.
    """

    rolled_at: datetime | None
    minutes: int
    took_ms: float
    waiting_since: datetime | None
    generation: str = ""


class RollupStateReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def state(self) -> RollupState:
        """How far counting has come."""
        row = (await self._session.execute(_STATE)).one()
        return RollupState(row.rolled_at, row.minutes, row.took_ms, row.waiting_since, row.generation)


class RollingRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold(self) -> None:
        """Nobody else counts until the unit of work ends: who has read earlier must not write later."""
        await self._session.execute(_LOCK)
        await self._session.execute(_MEMORY)

    async def take(self, limit: int) -> list[datetime]:
        """The oldest minutes of which something has changed, which count as counted from now on."""
        return list((await self._session.execute(_TAKE, {"limit": limit})).scalars())

    async def mark(self, first: datetime, last: datetime, now: datetime) -> None:
        """Have all minutes in [first, last) counted again that have events, or had."""
        await self._session.execute(_MARK, {"first": first, "last": last, "now": now})

    async def count(self, minutes: Sequence[datetime], measures: Sequence[Measure]) -> None:
        """Count these minutes anew."""
        await self._session.execute(_CLEAR["minute"], {"buckets": list(minutes)})
        spans = _spans(minutes)
        bound = {
            "begins": [begin for begin, _ in spans],
            "ends": [end for _, end in spans],
            "first": min(minutes),
            "last": max(minutes) + LENGTH["minute"],
            "everybody": EVERYBODY,
            "separator": _SEPARATOR,
            "other": OTHER,
            "value": VALUE,
        }
        await self._session.execute(_COUNT, bound | _columns(measures))

    async def merge(self, grain: Grain, buckets: Sequence[datetime]) -> None:
        """Add these hours up of their minutes anew, or these days of their hours."""
        await self._session.execute(_CLEAR[grain], {"buckets": list(buckets)})
        await self._session.execute(_MERGE[grain], {"buckets": list(buckets)})

    async def note(self, days: Sequence[datetime], minutes: int, at: datetime, took_ms: float) -> None:
        """Say how far it has come, and of which days figures are out of date."""
        changed = {"days": [day.astimezone(UTC).date() for day in days]}
        await self._session.execute(_CHANGED, changed)
        await self._session.execute(_CHANGED_KPIS, changed)
        await self._session.execute(_NOTE, {"at": at, "minutes": minutes, "took_ms": took_ms})

    async def forget_minutes(self, before: datetime) -> None:
        """Delete the minutes before then; their hours stay."""
        await self._session.execute(_FORGET, {"before": before})


def _spans(minutes: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """These minutes as spans of time: what lies side by side is read at once."""
    spans: list[tuple[datetime, datetime]] = []
    for minute in sorted(minutes):
        begin = spans.pop()[0] if spans and spans[-1][1] == minute else minute
        spans.append((begin, minute + LENGTH["minute"]))
    return spans


def _columns(measures: Sequence[Measure]) -> dict[str, Any]:
    return {
        "names": [one.name for one in measures],
        "series": [one.series for one in measures],
        "fields": [one.field for one in measures],
        "dimensions": [one.dimension for one in measures],
        "allowed": [_SEPARATOR + _SEPARATOR.join(one.allowed) + _SEPARATOR if one.allowed else None for one in measures],
    }
