"""Real workers that are killed while they archive what only archiving may delete: each row ends in one file, and in no other."""

import asyncio
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from services.payments.tests.payments.arrange import rows
from shared.contracts.payments import ArchiveOldRows
from shared.runtime.archive.verifying import Verifying
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.archives import rows_of
from shared.testing.process import Processes
from shared.testing.wait import eventually

EXPLANATIONS: Final = 5_000
"""Three files: a page has 2,000."""
RECOVERY_S: Final = 20
"""A lease lasts 65 s, which are 6.5 s here."""
_EXPLANATIONS: Final = text("""
    INSERT INTO match_explanations (id, organization_id, order_id, run_id, outcome, policy_number, decided_at, facts)
    SELECT id, id, id, id, 'offered', number, CAST(:at AS timestamptz) + number * interval '1 second', :facts
      FROM (SELECT gen_random_uuid() AS id, number FROM generate_series(1, CAST(:rows AS int)) AS number) AS made
""")


async def ask(database: Database) -> None:
    """Decisions of long ago, and the message that archives them."""
    bound = {"at": system_clock() - timedelta(days=500), "facts": zlib.compress(b"{}"), "rows": EXPLANATIONS}
    async with database.unit_of_work() as session:
        await session.execute(_EXPLANATIONS, bound)
        publish(session, ArchiveOldRows())


async def all_archived(database: Database) -> bool:
    """Whether the table is empty, and nobody has anything left to do."""
    async with database.read() as reader:
        left = "SELECT (SELECT count(*) FROM match_explanations), (SELECT count(*) FROM inbox WHERE state <> 0)"
        return list(await rows(reader, left)) == [(0, 0)]


@pytest.mark.commits
@pytest.mark.parametrize("name", ["archive.before_commit", "archive.committed"])
async def test_worker_that_is_killed_between_pages_leaves_each_explanation_in_one_file(
    processes: Processes, database: Database, tmp_path: Path, name: str
) -> None:
    fired, folder = tmp_path / "fired", tmp_path / "archive"
    fired.mkdir()
    faults = {"WAYBILL_FAILPOINTS": f"{name}=kill", "WAYBILL_FAILPOINT_ONCE": str(fired), "ARCHIVE_DIR": str(folder)}
    worker = processes.worker("payments", "--concurrency", "1", "-Q", "payments.batch", **faults)
    await asyncio.gather(worker.ready(), processes.relay("payments").ready())
    await ask(database)

    await eventually(lambda: all_archived(database), RECOVERY_S, "rows were not archived")
    assert (fired / name).exists()
    files = folder / "payments" / "match_explanations" / "*.parquet"
    assert [row["policy_number"] for row in rows_of(files, "policy_number")] == [*range(1, EXPLANATIONS + 1)]
    findings = [finding async for finding in Verifying(database.read, folder, "payments").findings()]
    assert {finding.problem for finding in findings} == {None}
    assert sum(finding.rows for finding in findings) == EXPLANATIONS
