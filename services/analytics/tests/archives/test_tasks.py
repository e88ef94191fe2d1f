"""`analytics.archive_old_rows`: alerts of the task system go into files before they are forgotten."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.analytics.archives.rules_repository import RULES
from shared.contracts.analytics import ArchiveOldRows
from shared.runtime.db import Session
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of, undecided_columns
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

NOW: Final = datetime(2027, 9, 1, 1, 30, tzinfo=UTC)
_ALERT: Final = text("""
    INSERT INTO monitoring_alerts (id, source, rule, subject, severity, state, summary, labels, since, seen_at, fired_at,
                                   resolved_at, acknowledged_at, acknowledged_by, note)
    VALUES (:id, 'waybill', 'worker_down', :subject, 'critical', CASE WHEN :open THEN 'firing' ELSE 'resolved' END, 'down',
            '{"who": "Zoë"}', :at, :at, :at, CASE WHEN :open THEN NULL ELSE CAST(:at AS timestamptz) END, :at, 'user:zoe', 'Zoë')
""")


async def test_archiving_that_runs_twice_takes_alerts_that_ended_long_ago_once(
    session: Session, run_task: TaskRunner, worker_runtime: ProcessRuntime, clock: FrozenClock, tmp_path: Path
) -> None:
    for number, days, is_open in ((1, 84, False), (2, 82, False), (3, 84, True)):
        bound = {"id": UUID(int=number), "subject": str(number), "at": NOW - timedelta(days=days), "open": is_open}
        await session.execute(_ALERT, bound)
    clock.set(NOW)
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": tmp_path})
    handled = [await run_task(ArchiveOldRows(slot=NOW)) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    (kept,) = rows_of(tmp_path / "analytics" / "monitoring_alerts" / "*.parquet")
    assert (kept["id"], kept["rule"], kept["resolved_at"]) == (str(UUID(int=1)), "worker_down", NOW - timedelta(days=84))
    assert not re.search("zoë|user:zoe", repr(kept), re.IGNORECASE)
    left = (await session.execute(text("SELECT id FROM monitoring_alerts ORDER BY id"))).scalars().all()
    assert left == [UUID(int=2), UUID(int=3)]


async def test_every_column_of_an_archived_table_is_kept_or_left_out(session: Session) -> None:
    assert await undecided_columns(session, RULES) == []
