"""Real workers that are killed while they archive: each row ends in one file, and in none but with its manifest."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import rows
from shared.contracts.alerts import ArchiveOldRows
from shared.runtime.archive.verifying import Verifying
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.archives import rows_of
from shared.testing.process import Processes
from shared.testing.wait import eventually

CHUNKS: Final = 25_000
"""Three files: a page has 10,000."""
RECOVERY_S: Final = 20
"""A lease lasts 65 s, which are 6.5 s here."""
_RUN: Final = text("""
    INSERT INTO evaluation_runs (id, as_of, started_at, finished_at) VALUES (:id, '2026-03-02', CAST(:at AS timestamptz), :at)
""")
_CHUNKS: Final = text("""
    INSERT INTO evaluation_chunks (run_id, number, shipments, raised, started_at, finished_at)
    SELECT :id, number, 100, 3, CAST(:at AS timestamptz), :at FROM generate_series(1, CAST(:chunks AS int)) AS number
""")


async def ask(database: Database) -> None:
    """A run of long ago, and the message that archives it."""
    bound = {"id": UUID(int=1), "at": system_clock() - timedelta(days=200)}
    async with database.unit_of_work() as session:
        await session.execute(_RUN, bound)
        await session.execute(_CHUNKS, {**bound, "chunks": CHUNKS})
        publish(session, ArchiveOldRows())


async def all_archived(database: Database) -> bool:
    """Whether the table is empty, and nobody has anything left to do."""
    async with database.read() as reader:
        left = "SELECT (SELECT count(*) FROM evaluation_chunks), (SELECT count(*) FROM inbox WHERE state <> 0)"
        return list(await rows(reader, left)) == [(0, 0)]


@pytest.mark.commits
@pytest.mark.parametrize("name", ["archive.verified", "archive.before_commit", "archive.committed"])
async def test_worker_that_is_killed_while_it_archives_leaves_each_row_in_one_file(
    processes: Processes, database: Database, tmp_path: Path, name: str
) -> None:
    fired, folder = tmp_path / "fired", tmp_path / "archive"
    fired.mkdir()
    faults = {"WAYBILL_FAILPOINTS": f"{name}=kill", "WAYBILL_FAILPOINT_ONCE": str(fired), "ARCHIVE_DIR": str(folder)}
    worker = processes.worker("alerts", "--concurrency", "1", **faults)
    await asyncio.gather(worker.ready(), processes.relay("alerts").ready())
    await ask(database)

    await eventually(lambda: all_archived(database), RECOVERY_S, "rows were not archived")
    assert (fired / name).exists()
    table = folder / "alerts" / "evaluation_chunks"
    assert [row["number"] for row in rows_of(table / "*.parquet", "number")] == [*range(1, CHUNKS + 1)]
    findings = [finding async for finding in Verifying(database.read, folder, "alerts").findings()]
    assert [(finding.rows, finding.problem) for finding in findings] == [(finding.rows, None) for finding in findings]
    assert sum(finding.rows for finding in findings) == CHUNKS
