"""Real workers that are killed while a day of events goes into its file: before it is compared, and before the day is dropped."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from shared.contracts.analytics import TendEvents
from shared.runtime.archive.verifying import Verifying
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.archives import rows_of
from shared.testing.process import Processes
from shared.testing.wait import eventually

DAY: Final = datetime(2026, 3, 1, tzinfo=UTC)
EVENTS: Final = 5_000
RECOVERY_S: Final = 40
_FILL: Final = """
    INSERT INTO events (event_id, organization_id, occurred_at, received_at, name, source, value)
    SELECT gen_random_uuid(), gen_random_uuid(), $1::timestamptz + n * interval '1 second', $1, 'shop.page_viewed', 'shop', n
      FROM generate_series(1, $2::int) AS n
"""


@pytest.mark.commits
@pytest.mark.parametrize("names", [("archive.table_written", "archive.table_verified"), ("archive.table_named",)])
async def test_worker_that_is_killed_while_it_archives_a_day_leaves_each_event_in_one_file_and_no_table(
    names: tuple[str, ...], processes: Processes, database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    fired, folder = tmp_path / "fired", tmp_path / "archive"
    fired.mkdir()
    faults = {
        "WAYBILL_FAILPOINTS": ",".join(f"{name}=kill" for name in names),
        "WAYBILL_FAILPOINT_ONCE": str(fired),
        "ARCHIVE_DIR": str(folder),
    }
    await owner.execute("SELECT make_event_days($1, $1)", DAY.date())
    await owner.execute(_FILL, DAY, EVENTS)
    worker = processes.worker("analytics", "--concurrency", "1", "-Q", "analytics.maintenance", **faults)
    await asyncio.gather(worker.ready(), processes.relay("analytics").ready())

    async with database.unit_of_work() as session:
        publish(session, TendEvents(slot=DAY + timedelta(days=402)))

    async def is_dropped() -> bool:
        return await owner.fetchval("SELECT to_regclass('events_20260301')") is None

    await eventually(is_dropped, RECOVERY_S, "the day was not archived")
    assert sorted(path.name for path in fired.iterdir()) == sorted(names)
    kept = rows_of(folder / "analytics" / "events_20260301.parquet", "value")
    assert [row["value"] for row in kept] == [*range(1, EVENTS + 1)]
    findings = [finding async for finding in Verifying(database.read, folder, "analytics").findings()]
    assert {finding.problem for finding in findings} == {None}
    assert sum(finding.rows for finding in findings) == EVENTS
    assert list((folder / "analytics").glob(".*")) == []
