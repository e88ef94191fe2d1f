"""`trips.archive_old_rows`: what is old of geofences and flags goes into files and out of the tables, and nothing else."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from services.trips.archives.rules_repository import RULES
from services.trips.tests.fleet import Fleet, rows
from shared.contracts.trips import ArchiveOldRows
from shared.runtime.db import Session
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of, undecided_columns
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

_FLAG = text("""
    INSERT INTO trip_flags (id, trip_id, organization_id, kind, detail, opened_at, cleared_at)
    SELECT :id, trips.id, organization_id, (SELECT min(kind) FROM trip_flag_kinds), '{"limit_s": 60}', :opened, :cleared
      FROM trips WHERE id = :trip
""")


async def test_archiving_that_runs_twice_takes_flags_that_were_cleared_long_ago_once(
    fleet: Fleet, session: Session, run_task: TaskRunner, worker_runtime: ProcessRuntime, clock: FrozenClock, tmp_path: Path
) -> None:
    trip_id, now = await fleet.scheduled(), clock()
    old, young, still_open = uuid4(), uuid4(), uuid4()
    opened = now - timedelta(days=500)
    for flag, cleared in ((old, now - timedelta(days=401)), (young, now - timedelta(days=399)), (still_open, None)):
        await session.execute(_FLAG, {"id": flag, "trip": UUID(trip_id), "opened": opened, "cleared": cleared})
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": tmp_path})
    handled = [await run_task(ArchiveOldRows(slot=now)) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    (kept,) = rows_of(tmp_path / "trips" / "trip_flags" / "*.parquet")
    assert (kept["id"], kept["trip_id"], kept["detail"]) == (str(old), trip_id, '{"limit_s": 60}')
    assert await rows(session, "SELECT id FROM trip_flags ORDER BY id") == sorted([(young,), (still_open,)])
    assert await rows(session, "SELECT source, row_count FROM archives") == [("trip_flags", 1)]


async def test_every_column_of_an_archived_table_is_kept_or_left_out(session: Session) -> None:
    assert await undecided_columns(session, RULES) == []
