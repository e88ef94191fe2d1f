"""analytics.optimize_system: what it finds and does to its own tables, and what it advises on others'."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.analytics.optimizations.advising import advice
from services.analytics.settings import AnalyticsSettings
from shared.contracts.analytics import OptimizeSystem
from shared.runtime.ids import uuid7
from shared.runtime.operations.storage.schemas import IndexOut, StorageOut, TableOut
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient
from shared.testing.wait import eventually

NAMES = "operator_names"
NOW = MONDAY_MORNING


def table(**fields: Any) -> TableOut:
    """One that needs nothing."""
    usual = {
        "name": "orders",
        "partition_of": None,
        "live_rows": 100_000,
        "dead_rows": 0,
        "dead_share": 0.0,
        "changed_since_analyze": 0,
        "size_bytes": 100 << 20,
        "indexes_bytes": 0,
        "bloat_bytes": 0,
        "vacuumed_at": NOW,
        "analyzed_at": None,
        "whole_reads": 0,
        "rows_read_whole": 0,
        "index_reads": 0,
        "may_maintain": True,
    }
    return TableOut.model_validate(usual | fields)


def index(**fields: Any) -> IndexOut:
    """One that is of use."""
    usual = {
        "name": "orders_by_day",
        "table_name": "orders",
        "size_bytes": 2 << 20,
        "reads": 1,
        "read_at": NOW,
        "is_constraint": False,
        "is_valid": True,
        "same_as": None,
    }
    return IndexOut.model_validate(usual | fields)


ADVISED: list[tuple[TableOut | IndexOut, str | None]] = [
    (table(), None),
    (table(dead_rows=40_000, dead_share=0.29), "40000 dead rows, 29% of all; vacuumed last on 2026-03-02"),
    (table(dead_rows=999, dead_share=0.9), None),
    (table(changed_since_analyze=21_000), "21000 rows have changed since it was analysed, never"),
    (table(bloat_bytes=70 << 20), "about 70.0 MB of 100.0 MB hold nothing"),
    (
        table(whole_reads=2000, rows_read_whole=40_000_000),
        "read from end to end 2000 times, 20000 rows each: an index may be missing",
    ),
    (index(), None),
    (index(reads=0), "of orders: never read, 2.0 MB"),
    (index(reads=0, is_constraint=True), None),
    (index(same_as="orders_of_day"), "of orders: the same as orders_of_day, 2.0 MB"),
    (index(is_valid=False), "of orders: making it has failed halfway; drop it and make it again"),
]


@pytest.mark.parametrize(("one", "said"), ADVISED)
def test_what_is_worth_a_look_is_advised_with_its_figures(one: TableOut | IndexOut, said: str | None) -> None:
    tables, indexes = ([one], []) if isinstance(one, TableOut) else ([], [one])
    storage = StorageOut(counted_since=None, tables=tables, indexes=indexes)

    assert [found.detail for found in advice("payments", storage, NOW)] == ([said] if said else [])


def test_index_that_was_counted_for_a_day_is_not_called_unused() -> None:
    storage = StorageOut(counted_since=NOW - timedelta(days=1), tables=[], indexes=[index(reads=0)])

    assert list(advice("payments", storage, NOW)) == []


async def churn(owner: asyncpg.Connection) -> None:
    """Have a table of which most rows are dead, and that nobody vacuums by himself."""
    await owner.execute(f"CREATE TABLE {NAMES} (id int PRIMARY KEY, name text) WITH (autovacuum_enabled = false)")
    await owner.execute("INSERT INTO operator_names SELECT n, repeat('x', 100) FROM generate_series(1, 5000) AS n")
    await owner.execute("DELETE FROM operator_names WHERE id <= 4000")

    async def is_counted() -> bool:
        await owner.execute("SELECT pg_stat_force_next_flush()")
        found: int = await owner.fetchval("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = $1", NAMES)
        return found >= 4000

    await eventually(is_counted, 10)


async def newest(client: ApiClient) -> dict[str, Any]:
    """The report of the newest look."""
    items = (await client.as_role("viewer").get("/v1/optimizations")).json()["items"]
    report: dict[str, Any] = items[0]["report"]
    return report


@pytest.mark.commits
async def test_look_that_runs_twice_vacuums_an_own_table_once_and_shows_before_and_after(
    owner: asyncpg.Connection, run_task: TaskRunner, client: ApiClient, clock: FrozenClock
) -> None:
    await churn(owner)
    slot = OptimizeSystem(slot=clock())
    key = uuid7()

    handled = [await run_task(slot, ids=[key]) for _ in range(2)]
    report = await newest(client)

    assert [(one.outcome, one.carried_out) for one in handled] == [("done", True), ("done", False)]
    [done] = [one for one in report["done"] if one["table"] == NAMES]
    assert (done["kind"], done["dead_rows_before"], done["dead_rows_after"], done["error"]) == ("vacuum", 4000, 0, None)
    assert await owner.fetchval("SELECT last_vacuum IS NOT NULL FROM pg_stat_user_tables WHERE relname = $1", NAMES)
    assert report["partitions_made"]["events"] == [f"2026-03-0{day}" for day in range(2, 6)]
    own, alerts = report["schemas"]["analytics"], report["schemas"]["alerts"]
    assert own["before"]["dead_rows"] - own["after"]["dead_rows"] >= 4000
    assert (alerts["before"], alerts["problem"]) == (None, "where alerts is has not been set: set ALERTS_URL")
    await run_task(OptimizeSystem(slot=clock() + timedelta(minutes=1)))
    again = await newest(client)
    assert ([one for one in again["done"] if one["table"] == NAMES], again["partitions_made"]) == ([], {})


@pytest.mark.commits
async def test_where_nothing_may_be_done_it_is_advised(
    owner: asyncpg.Connection, run_task: TaskRunner, client: ApiClient, settings: AnalyticsSettings
) -> None:
    await churn(owner)
    await owner.execute(f"REVOKE MAINTAIN ON {NAMES} FROM analytics_app")

    await run_task(OptimizeSystem())
    report = await newest(client)

    assert settings.optimize_own_tables
    assert [one for one in report["done"] if one["table"] == NAMES] == []
    assert [(one["service"], one["kind"]) for one in report["advice"] if one["subject"] == NAMES] == [
        ("analytics", "vacuum"),
        ("analytics", "analyze"),
    ]
    assert await owner.fetchval("SELECT last_vacuum IS NULL FROM pg_stat_user_tables WHERE relname = $1", NAMES)


async def test_viewer_sees_how_tables_and_indexes_of_the_service_are(client: ApiClient) -> None:
    answer = await client.as_role("viewer").get("/v1/operations/storage")
    found = StorageOut.model_validate(answer.json())

    names = {one.name: one for one in found.tables}
    assert names["outbox"].may_maintain
    assert (names["outbox"].partition_of, {one.table_name for one in found.indexes} >= {"inbox", "outbox"}) == (None, True)
