"""A backup and a drill by a real worker, whose child starts PostgreSQL's programs."""

from pathlib import Path

import pytest
from sqlalchemy import text

from shared.contracts.analytics import BackupCriticalData, RunRestoreDrill
from shared.contracts.message import Message
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.database import FreshDatabase
from shared.testing.process import Processes
from shared.testing.wait import eventually

STATES = text("SELECT state FROM backups UNION ALL SELECT state FROM restore_drills")


async def carried_out(database: Database, message: Message, states: list[str]) -> None:
    """Send it, and wait until backups and drills are so."""

    async def are_so() -> bool:
        async with database.read() as session:
            found = list((await session.execute(STATES)).scalars())
        assert found == states
        return True

    async with database.unit_of_work() as session:
        publish(session, message)
    await eventually(are_so, 60)


@pytest.mark.commits
@pytest.mark.timeout(180)
async def test_worker_backs_up_and_restores_what_it_has_backed_up(
    fresh: FreshDatabase, database: Database, processes: Processes, tmp_path: Path
) -> None:
    settings = {
        "BACKUP_DATABASE_URL": fresh.address.url(fresh.name, "backup"),
        "RESTORE_DRILL_URL": fresh.address.url("postgres", "restore"),
        "BACKUP_DIR": str(tmp_path / "backups"),
        "BACKUP_SCHEMAS": "alerts,analytics",
    }
    processes.relay("analytics")
    processes.worker("analytics", **settings)

    await carried_out(database, BackupCriticalData(), ["verified"])
    await carried_out(database, RunRestoreDrill(), ["verified", "passed"])
