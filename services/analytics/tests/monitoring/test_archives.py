"""Archives of all services: they are had to archive, and what each has archived is kept and shown."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.analytics.snapshots.repository import SnapshotRepository
from shared.contracts.analytics import CleanupOldData
from shared.runtime.db import Database
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, outbox_of
from shared.testing.service import ApiClient

pytestmark = [pytest.mark.commits, pytest.mark.usefixtures("served")]
PATH: Final = "/v1/monitoring/archives"
SERVICES: Final = ("alerts", "notifications", "payments", "trips", "analytics")
_NOTE: Final = text("""
    INSERT INTO archives (file, source, row_count, size_bytes, sha256, digest, first_key, last_key, oldest_at, newest_at,
                          archived_at)
    VALUES ('things/1.parquet', 'things', 7, 100, repeat('a', 64), repeat('b', 64), '[1]', '[2]', :at, :at, :at)
""")


async def shown(client: ApiClient) -> dict[str, dict[str, Any]]:
    """The part of each service."""
    answer = await client.as_role("viewer").get(PATH)
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_complete"] is False
    return {part["service"]: part for part in answer.json()["items"]}


async def collected(database: Database) -> list[dict[str, Any]]:
    """What was kept."""
    async with database.read() as session:
        query = text("SELECT body FROM monitoring_snapshots WHERE kind = 'archives' ORDER BY at")
        return list((await session.execute(query)).scalars())


async def test_clean_up_that_runs_twice_asks_each_owner_once_and_for_the_figures_later(
    run_task: TaskRunner, database: Database, clock: FrozenClock
) -> None:
    asked, ids = CleanupOldData(slot=clock(), older_than_days=500), [uuid4()]
    handled = [(await run_task.run([asked], ids=ids))[0] for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    sent = await outbox_of(database)
    assert {one.name for one in sent} == {f"{service}.archive_old_rows" for service in SERVICES} | {"analytics.cleanup_old_data"}
    assert len(sent) == 6
    assert all('"older_than_days":500' in one.body.replace(" ", "") for one in sent)
    (collecting,) = [one for one in sent if one.name == "analytics.cleanup_old_data"]
    assert ('"collect"' in collecting.body, collecting.due_at) == (True, clock() + timedelta(minutes=30))


async def test_figures_that_are_collected_twice_are_kept_once(
    run_task: TaskRunner, database: Database, clock: FrozenClock
) -> None:
    async with database.unit_of_work() as session:
        await session.execute(_NOTE, {"at": clock()})
    handled = [await run_task(CleanupOldData(slot=clock(), stage="collect")) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    (kept,) = await collected(database)
    assert (kept["files"], kept["rows"], kept["size_bytes"]) == (1, 7, 100)
    assert [part["service"] for part in kept["items"] if part["problem"] is None] == ["analytics"]
    assert await outbox_of(database) == []


async def test_archives_are_shown_as_their_services_say_it_or_as_it_was_kept(
    client: ApiClient, database: Database, clock: FrozenClock
) -> None:
    async with database.unit_of_work() as session:
        await session.execute(_NOTE, {"at": clock()})
        figures = {"files": 2, "rows": 9, "size_bytes": 5, "tables": []}
        part = {"service": "payments", "at": clock().isoformat(), "problem": None, **figures}
        await SnapshotRepository(session).keep("archives", clock(), {"items": [part]})
    parts = await shown(client)

    assert (parts["analytics"]["rows"], parts["analytics"]["problem"]) == (7, None)
    assert [(one["table"], one["rows"]) for one in parts["analytics"]["tables"]] == [("things", 7)]
    assert (parts["payments"]["rows"], parts["payments"]["problem"]) == (9, "payments does not answer (ConnectError)")
    assert (parts["trips"]["rows"], parts["trips"]["at"]) == (0, None)
    assert "TRIPS_URL" in parts["trips"]["problem"]
