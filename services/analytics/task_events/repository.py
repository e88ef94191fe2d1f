"""The collector's statements: who writes, rows by COPY, counts that are added up, workers, and gaps."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import text

from services.analytics.task_events.models import COLUMNS, Gap, Run, State, Stats, StatsKey, Worker
from shared.runtime.db import Session

_HOLD: Final = text("""
    INSERT INTO collector AS known (holder, until, heard_until) VALUES (:holder, now() + make_interval(secs => :lease_s), :now)
    ON CONFLICT (single) DO UPDATE SET holder = excluded.holder, until = excluded.until, heard_until = excluded.heard_until
     WHERE known.holder = excluded.holder OR known.until < now()
    RETURNING (OLD.heard_until) AS heard_until, (OLD.holder) AS before
""")
_LET_GO: Final = text("UPDATE collector SET until = now() WHERE holder = :holder")
_MAKE_DAYS: Final = text("SELECT make_task_run_days(:first, :last)")
# In the order of the keys, as everywhere.
_ADD: Final = text("""
    INSERT INTO task_stats AS known (span_s, begins_at, name, lane, done, dropped, retried, failed, lost, revoked,
                                     deliveries, waited, ran)
    SELECT :span_s, row.begins_at, row.name, row.lane, row.done, row.dropped, row.retried, row.failed, row.lost, row.revoked,
           row.deliveries, row.waited, row.ran
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
           AS row(begins_at timestamptz, name text, lane text, done bigint, dropped bigint, retried bigint, failed bigint,
                  lost bigint, revoked bigint, deliveries bigint, waited jsonb, ran jsonb)
     ORDER BY row.begins_at, row.name, row.lane
    ON CONFLICT (span_s, begins_at, name, lane) DO UPDATE SET
           done = known.done + excluded.done, dropped = known.dropped + excluded.dropped,
           retried = known.retried + excluded.retried, failed = known.failed + excluded.failed, lost = known.lost + excluded.lost,
           revoked = known.revoked + excluded.revoked, deliveries = known.deliveries + excluded.deliveries,
           waited = merge_histograms(known.waited, excluded.waited), ran = merge_histograms(known.ran, excluded.ran)
""")
_PUT_WORKERS: Final = text("""
    INSERT INTO workers AS known (hostname, service, lanes, slots, pid, running, processed, load_1m, rss_bytes, disks,
                                  first_seen_at, seen_at, progressed_at, stopped_at)
    SELECT row.hostname, row.service, row.lanes, row.slots, row.pid, row.running, row.processed, row.load_1m, row.rss_bytes,
           row.disks, row.first_seen_at, row.seen_at, row.progressed_at, row.stopped_at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
           AS row(hostname text, service text, lanes text[], slots integer, pid integer, running jsonb, processed bigint,
                  load_1m real, rss_bytes bigint, disks jsonb, first_seen_at timestamptz, seen_at timestamptz,
                  progressed_at timestamptz, stopped_at timestamptz)
     ORDER BY row.hostname
    ON CONFLICT (hostname) DO UPDATE SET
           service = coalesce(excluded.service, known.service),
           lanes = CASE WHEN excluded.service IS NULL THEN known.lanes ELSE excluded.lanes END,
           slots = CASE WHEN excluded.service IS NULL THEN known.slots ELSE excluded.slots END,
           disks = CASE WHEN excluded.service IS NULL THEN known.disks ELSE excluded.disks END,
           pid = coalesce(excluded.pid, known.pid), running = excluded.running,
           processed = coalesce(excluded.processed, known.processed), load_1m = coalesce(excluded.load_1m, known.load_1m),
           rss_bytes = coalesce(excluded.rss_bytes, known.rss_bytes), seen_at = excluded.seen_at,
           first_seen_at = CASE WHEN known.pid IS DISTINCT FROM coalesce(excluded.pid, known.pid)
                                THEN excluded.first_seen_at ELSE known.first_seen_at END,
           progressed_at = excluded.progressed_at, stopped_at = excluded.stopped_at
""")
_GAP: Final = text("""
    INSERT INTO task_history_gaps (began_at, ended_at, reason, dropped) VALUES (:began_at, :ended_at, :reason, :dropped)
""")


class CollectorRepository:
    """Writes of one flush, in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold(self, holder: str, lease_s: float, now: datetime) -> tuple[bool, Gap | None]:
        """Whether this collector is the one that writes, and, where it has just become so, what nobody has heard before."""
        bound = {"holder": holder, "lease_s": lease_s, "now": now}
        row = (await self._session.execute(_HOLD, bound)).one_or_none()
        if row is None:
            return False, None
        if row.before in (None, holder):
            return True, None
        return True, Gap(row.heard_until, now, "no_collector")

    async def let_go(self, holder: str) -> None:
        """Another may write at once."""
        await self._session.execute(_LET_GO, {"holder": holder})

    async def make_days(self, first: date, last: date) -> None:
        """Make the partitions that are missing."""
        await self._session.execute(_MAKE_DAYS, {"first": first, "last": last})

    async def copy(self, runs: Sequence[Run]) -> None:
        """Write rows the fastest way there is, within this unit of work: something has been executed in it before."""
        connection = await (await self._session.connection()).get_raw_connection()
        driver: Any = connection.driver_connection
        await driver.copy_records_to_table("task_runs", records=runs, columns=COLUMNS)

    async def add(self, span_s: int, stats: Mapping[StatsKey, Stats]) -> None:
        """Add up what was counted."""
        rows = [
            {
                "begins_at": begins_at.isoformat(),
                "name": name,
                "lane": lane,
                **{word: one.states.get(state, 0) for word, state in _WORDS.items()},
                "deliveries": one.deliveries,
                "waited": _as_text(one.waited),
                "ran": _as_text(one.ran),
            }
            for (begins_at, name, lane), one in stats.items()
        ]
        await self._session.execute(_ADD, {"span_s": span_s, "rows": orjson.dumps(rows).decode()})

    async def put_workers(self, workers: Collection[Worker]) -> None:
        """Write how workers stand."""
        rows = orjson.dumps(list(workers)).decode()
        await self._session.execute(_PUT_WORKERS, {"rows": rows})

    async def note(self, gap: Gap) -> None:
        """Say of which time the history does not know all."""
        bound = {"began_at": gap.began_at, "ended_at": gap.ended_at, "reason": gap.reason, "dropped": gap.dropped}
        await self._session.execute(_GAP, bound)


_WORDS: Final[dict[str, State]] = {
    "done": "done",
    "dropped": "dropped",
    "retried": "retry",
    "failed": "failed",
    "lost": "lost",
    "revoked": "revoked",
}
"""Columns by states."""


def _as_text(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(bucket): count for bucket, count in counts.items()}
