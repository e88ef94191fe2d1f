"""`alerts.archive_old_rows`: what has ended long ago goes into files and out of the tables, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.alerts.archives.rules_repository import RULES
from services.alerts.tests.arrange import ETA, evaluate, have, line, rows
from shared.contracts.alerts import ArchiveOldRows
from shared.runtime.db import Session
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of, undecided_columns
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

NOW: Final = datetime(2027, 9, 1, 1, 30, tzinfo=UTC)
_RUN: Final = text("INSERT INTO evaluation_runs (id, as_of, started_at, finished_at) VALUES (:id, '2026-03-02', :at, :ended)")
_CHUNK: Final = text("""
    INSERT INTO evaluation_chunks (run_id, number, shipments, raised, started_at, finished_at) VALUES (:id, 1, 100, 3, :at, :at)
""")


@pytest.fixture
async def alerts(session: Session) -> list[UUID]:
    """Two alerts of long ago, of which the first has been resolved."""
    await have(session, line(reference="A1"), line(reference="A2"))
    await evaluate(session, ETA + timedelta(days=1))
    ids = [row[0] for row in await rows(session, "SELECT id FROM alerts ORDER BY id")]
    resolve = "UPDATE alerts SET status = 'resolved', resolved_at = :at, resolution = 'manual' WHERE id = :id"
    await session.execute(text(resolve), {"id": ids[0], "at": NOW - timedelta(days=401)})
    entry = """INSERT INTO alert_timeline (alert_id, number, kind, at, actor, reason)
               VALUES (:id, 2, 'commented', :at, 'user:a', 'Zoë said so')"""
    for alert_id in ids:
        await session.execute(text(entry), {"id": alert_id, "at": NOW - timedelta(days=401)})
    return ids


async def run(session: Session, ended: timedelta | None) -> UUID:
    """A run of a chunk, the chunk of 181 days ago."""
    run_id, at = uuid4(), NOW - timedelta(days=181)
    await session.execute(_RUN, {"id": run_id, "at": at, "ended": None if ended is None else NOW - ended})
    await session.execute(_CHUNK, {"id": run_id, "at": at})
    return run_id


def keeps(worker_runtime: ProcessRuntime, folder: Path) -> None:
    """From now on the worker archives."""
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": folder})


async def test_archiving_that_runs_twice_takes_ended_runs_and_timelines_of_resolved_alerts_once(
    session: Session,
    run_task: TaskRunner,
    worker_runtime: ProcessRuntime,
    clock: FrozenClock,
    tmp_path: Path,
    alerts: list[UUID],
) -> None:
    over, open_run = await run(session, timedelta(days=181)), await run(session, None)
    clock.set(NOW)
    keeps(worker_runtime, tmp_path)
    handled = [await run_task(ArchiveOldRows(slot=NOW)) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    chunks = rows_of(tmp_path / "alerts" / "evaluation_chunks" / "*.parquet")
    assert [row["run_id"] for row in chunks if row["shipments"] == 100] == [str(over)]
    assert await rows(session, "SELECT run_id FROM evaluation_chunks WHERE number = 1 AND shipments = 100") == [(open_run,)]
    kept = rows_of(tmp_path / "alerts" / "alert_timeline" / "*.parquet", "number")
    assert [(row["alert_id"], row["kind"]) for row in kept] == [(str(alerts[0]), "commented")]
    assert "reason" not in kept[0]
    assert await rows(session, "SELECT alert_id, number FROM alert_timeline WHERE kind = 'commented'") == [(alerts[1], 2)]
    counts = "SELECT source, row_count FROM archives ORDER BY source"
    assert await rows(session, counts) == [("alert_timeline", 1), ("evaluation_chunks", len(chunks))]


async def test_nothing_is_archived_or_deleted_where_no_folder_is_set(
    session: Session, run_task: TaskRunner, clock: FrozenClock, alerts: list[UUID]
) -> None:
    await run(session, timedelta(days=181))
    clock.set(NOW)
    handled = await run_task(ArchiveOldRows(slot=NOW))

    assert handled.outcome == "done"
    assert len(alerts) == 2
    assert await rows(session, "SELECT (SELECT count(*) FROM alert_timeline), (SELECT count(*) FROM archives)") == [(4, 0)]


async def test_older_than_days_goes_before_each_tables_own_age(
    session: Session, run_task: TaskRunner, worker_runtime: ProcessRuntime, clock: FrozenClock, tmp_path: Path
) -> None:
    await run(session, timedelta(days=181))
    clock.set(NOW)
    keeps(worker_runtime, tmp_path)
    left: list[tuple[int]] = []
    for days in (182, 30):
        await run_task(ArchiveOldRows(slot=NOW, older_than_days=days))
        left += [(row[0],) for row in await rows(session, "SELECT count(*) FROM evaluation_chunks WHERE shipments = 100")]

    assert left == [(1,), (0,)]


async def test_entry_of_a_timeline_goes_only_where_a_file_of_the_same_transaction_has_it(
    session: Session, alerts: list[UUID]
) -> None:
    with pytest.raises(DBAPIError, match="what is written there stays"):
        async with session.begin_nested():
            await session.execute(text("DELETE FROM alert_timeline WHERE alert_id = :id"), {"id": alerts[0]})
    note = """INSERT INTO archives (file, source, row_count, size_bytes, sha256, key_sum, archived_at)
              VALUES ('x', 'alert_timeline', 1, 1, repeat('0', 64), 0, now())"""
    await session.execute(text(note))
    with pytest.raises(DBAPIError, match="what is written there stays"):
        async with session.begin_nested():
            await session.execute(text("UPDATE alert_timeline SET actor = 'user:nobody'"))
    await session.execute(text("DELETE FROM alert_timeline WHERE alert_id = :id"), {"id": alerts[0]})


async def test_every_column_of_an_archived_table_is_kept_or_left_out(session: Session) -> None:
    assert await undecided_columns(session, RULES) == []
