"""Runs by a real worker whose child is killed between reading a page and handing it on, and right after."""

from pathlib import Path

import asyncpg
import pytest

from services.analytics.tests.sync_runs.conftest import OURS, Carrier, row
from shared.contracts.alerts import UpsertShipments
from shared.contracts.analytics import SyncExternalData
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.testing.messages import published
from shared.testing.process import Processes
from shared.testing.wait import eventually


@pytest.mark.commits
async def test_child_that_dies_before_or_after_a_page_is_kept_loses_no_row_and_doubles_none(
    carrier: Carrier, owner: asyncpg.Connection, database: Database, processes: Processes, tmp_path: Path
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    await carrier.have(*(row(f"MAEU{number}") for number in range(6)), page_rows=2)
    feed = {"CARRIER_URL": carrier.url, "CARRIER_API_KEY": "sandbox", "CARRIER_ORGANIZATION_ID": str(OURS)}
    feed["CARRIER_RECIPIENTS"] = "customs@example.com"
    faults = {
        "WAYBILL_FAILPOINTS": "sync.page_read=kill,sync.page_kept=kill",
        "WAYBILL_FAILPOINT_ONCE": str(fired),
    }
    processes.relay("analytics")
    processes.worker("analytics", **feed, **faults)
    key = uuid7()

    async with database.unit_of_work() as session:
        publish(session, SyncExternalData(source="carrier"), message_id=key)

    async def is_done() -> bool:
        return bool(await owner.fetchval("SELECT state = 'done' FROM sync_runs WHERE id = $1", key))

    await eventually(is_done, 40)

    assert sorted(path.name for path in fired.iterdir()) == ["sync.page_kept", "sync.page_read"]
    told = [one.reference for message in await published(database, UpsertShipments) for one in message.shipments]
    assert told == [f"MAEU{number}" for number in range(6)]
    counts = tuple(await owner.fetchrow("SELECT attempt, pages, read, published, unchanged FROM sync_runs WHERE id = $1", key))
    assert counts == (3, 3, 6, 6, 0)
