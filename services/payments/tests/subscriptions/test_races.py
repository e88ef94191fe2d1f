"""What a customer does at the moment at which billing takes their subscription."""

import asyncio
from typing import Final

import asyncpg
import pytest

from services.payments import subscription_deps as deps
from services.payments.tests.subscriptions.arrange import OURS, at, have_many, rows
from shared.runtime.db import Database
from shared.testing.wait import eventually

# Whoever reads these settings waits at the gate, in the middle of the statement that takes what is due.
SETTINGS: Final = "INSERT INTO subscription_settings (organization_id, updated_at, updated_by) VALUES ($1, now(), 'test')"
GATE: Final = """
    ALTER TABLE subscription_settings ENABLE ROW LEVEL SECURITY;
    CREATE POLICY gate ON subscription_settings USING ((SELECT pg_advisory_xact_lock_shared(7)) IS NOT NULL);
    SELECT pg_advisory_lock(7);
"""
WAITING: Final = """
    SELECT count(*) > 0 FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE datname = current_database() AND locktype = 'advisory' AND objid = 7 AND NOT granted
"""
# As `skip` does it: the subscription is held, and the day is written.
HELD: Final = "SELECT id FROM subscriptions FOR NO KEY UPDATE NOWAIT"
SKIP: Final = "INSERT INTO subscription_skips SELECT id, next_period_start, 'user:ada', now() FROM subscriptions"


@pytest.mark.commits
async def test_period_that_is_skipped_while_a_run_takes_it_is_not_billed(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        await have_many(session, 1)
    await owner.execute(SETTINGS, OURS)
    await owner.execute(GATE)

    async def run() -> int:
        async with database.unit_of_work() as session:
            return (await deps.due_billing(session).run(at(2026, 3, 2))).taken

    running = asyncio.create_task(run())
    await eventually(lambda: owner.fetchval(WAITING), timeout_s=60)
    async with owner.transaction():
        await owner.execute(HELD)
        await owner.execute(SKIP)
    await owner.execute("SELECT pg_advisory_unlock(7)")
    await running

    async with database.read() as reading:
        assert await rows(reading, "SELECT status, total_minor FROM subscription_periods") == [("skipped", 0)]
