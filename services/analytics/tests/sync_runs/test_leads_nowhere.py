"""A source that always says there is more, and has nothing: bounded, told, and over by itself."""

import asyncpg
import pytest

from services.analytics.monitoring_alerts.looks import LOOKS
from services.analytics.monitoring_alerts.models import Found
from services.analytics.monitoring_alerts.rules import BY_NAME
from services.analytics.sync_runs.repository import SyncReader
from services.analytics.tests.monitoring_alerts.test_looks import seen
from services.analytics.tests.sync_runs.conftest import Carrier, row
from shared.contracts.alerts import UpsertShipments
from shared.contracts.analytics import SyncExternalData
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, published

pytestmark = pytest.mark.commits

CARRIER = SyncExternalData(source="carrier")


async def alerts(database: Database, clock: FrozenClock) -> list[Found]:
    """What `sync_failing` finds now."""
    async with database.read() as session:
        standings = await SyncReader(session).standings()
    return [*LOOKS["sync_failing"](seen(at=clock(), sources=standings), BY_NAME["sync_failing"]).found]


async def test_pages_without_rows_and_without_end_fail_each_run_until_one_ends(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection, clock: FrozenClock
) -> None:
    await carrier.have(row("A1"))
    await carrier.faults({"action": "endless"})
    keys = [uuid7() for _ in range(3)]
    handled = [await run_task(CARRIER, ids=[key]) for key in keys]
    runs = [await owner.fetchrow("SELECT state, pages, read, has_more, error FROM sync_runs WHERE id = $1", key) for key in keys]
    [found] = await alerts(database, clock)
    await carrier.faults()
    await run_task(CARRIER, ids=[whole := uuid7()])

    said = "carrier has answered 10 pages on end without a row, and says still that there is more"
    assert [one.outcome for one in handled] == ["done"] * 3
    assert [tuple(run) for run in runs] == [("failed", 10, 0, True, said)] * 3
    assert (found.subject, found.summary) == ("carrier", f"carrier could not be read 3 times: {said}")
    assert await owner.fetchval("SELECT state FROM sync_runs WHERE id = $1", whole) == "done"
    assert await alerts(database, clock) == []
    assert [one.reference for message in await published(database, UpsertShipments) for one in message.shipments] == ["A1"]


async def test_pages_without_rows_between_others_are_passed_over(
    carrier: Carrier, run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    await carrier.have(*(row(f"A{number}") for number in range(3)), page_rows=1)
    await carrier.faults({"action": "endless", "times": 8})
    await run_task(CARRIER, ids=[first := uuid7()])
    await run_task(CARRIER, ids=[second := uuid7()])

    query = "SELECT state, pages, read, has_more FROM sync_runs WHERE id = $1"
    assert tuple(await owner.fetchrow(query, first)) == ("done", 10, 2, True)
    assert tuple(await owner.fetchrow(query, second)) == ("done", 1, 1, False)
