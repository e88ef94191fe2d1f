"""Retention: only what is finished goes, and only when it is old. Gauges: what is left, counted in truth."""

from datetime import datetime, timedelta

import asyncpg
import pytest
from redis.asyncio import Redis

from shared.contracts.lanes import LANES
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY
from shared.runtime.relay import backlog, janitor
from shared.testing.clock import FrozenClock
from shared.tests.runtime.conftest import Ledger

LANE = "analytics.normal"


async def _inbox(connection: asyncpg.Connection, state: int, at: datetime, *, due_s: float | None = None) -> None:
    await connection.execute(
        "INSERT INTO inbox (id, name, lane, state, occurred_at, received_at, finished_at, body, due_at, lease_token)"
        " VALUES (gen_random_uuid(), 'analytics.x_y', $1, $2, $3, $3, $3, '{}', now() + make_interval(secs => $4),"
        " gen_random_uuid())",
        *(LANE, state, at, due_s),
    )


@pytest.mark.parametrize(("state", "kept_days"), [(0, 30), (5, 30), (7, 7), (1, None), (2, None), (3, None), (4, None), (6, 180)])
async def test_inbox_rows_are_kept_as_long_as_their_state_asks(
    database: Database, ledger: Ledger, clock: FrozenClock, state: int, kept_days: int | None
) -> None:
    for days in (0, 6, 8, 29, 31, 4000):
        await _inbox(ledger.connection, state, clock() - timedelta(days=days), due_s=0)

    deleted = await janitor.clean(database, clock)

    oldest = await ledger.connection.fetchval("SELECT max($1 - received_at) FROM inbox", clock())
    expected = {30: timedelta(days=29), 7: timedelta(days=6), 180: timedelta(days=31), None: timedelta(days=4000)}[kept_days]
    assert oldest == expected
    assert deleted["inbox"] + deleted["inbox_cancelled"] + deleted["inbox_dead"] == {30: 2, 7: 4, 180: 1, None: 0}[kept_days]


async def test_open_letters_and_waiting_rows_are_never_too_old(database: Database, ledger: Ledger, clock: FrozenClock) -> None:
    long_ago = clock() - timedelta(days=4000)
    for status in ("open", "replayed", "discarded"):
        await ledger.connection.execute(
            "INSERT INTO dead_letters (id, reason, body, fingerprint, status, died_at, settled_at)"
            " VALUES (gen_random_uuid(), 'x', '', 'f', $1, $2, $2)",
            *(status, long_ago),
        )
    for state in (0, 1, 2):
        await ledger.connection.execute(
            "INSERT INTO outbox (id, lane, name, body, correlation_id, traceparent, state, occurred_at)"
            " VALUES (gen_random_uuid(), $1, 'analytics.x_y', '{}', '', '', $2, $3)",
            *(LANE, state, long_ago),
        )

    deleted = await janitor.clean(database, clock)

    assert (deleted["dead_letters"], deleted["outbox_cancelled"]) == (2, 1)
    assert [letter["status"] for letter in await ledger.letters()] == ["open"]
    assert await ledger.connection.fetchval("SELECT array_agg(state ORDER BY state) FROM outbox") == [0, 1]


def _gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def _measured(database: Database, redis: Redis) -> dict[str, float | None]:
    await backlog.measure(database, redis, "analytics")
    own = {"service": "analytics", "lane": LANE}
    return {
        "waiting": _gauge("waybill_outbox_waiting", **own),
        "unconfirmed": _gauge("waybill_outbox_unconfirmed", **own),
        "due": _gauge("waybill_inbox_due", **own),
        "later": _gauge("waybill_inbox_waiting", **own),
        "in broker": _gauge("celery_queue_length", queue_name=LANE),
        "backlog": _gauge("waybill_lane_backlog", **own),
    }


async def test_a_lanes_true_backlog_is_the_tables_and_the_broker(
    database: Database, ledger: Ledger, redis: Redis, clock: FrozenClock
) -> None:
    for state, due_s in ((0, -90), (0, 3600), (1, 0), (2, 0)):
        await ledger.connection.execute(
            "INSERT INTO outbox (id, lane, name, body, correlation_id, traceparent, state, occurred_at, due_at)"
            " VALUES (gen_random_uuid(), $1, 'analytics.x_y', '{}', '', '', $2, now() - interval '1 day',"
            " now() + make_interval(secs => $3))",
            *(LANE, state, due_s),
        )
    for state, inbox_due_s in ((1, 0), (2, 0), (2, 3600), (0, None), (6, None)):
        await _inbox(ledger.connection, state, clock(), due_s=inbox_due_s)
    await redis.lpush(LANE, b"{}", b"{}", b"{}")

    measured = await _measured(database, redis)

    expected = {"waiting": 1, "unconfirmed": 1, "due": 2, "later": 1, "in broker": 3, "backlog": 6}
    assert measured == expected
    assert 89 < (_gauge("waybill_outbox_oldest_seconds", service="analytics", lane=LANE) or 0) < 120


async def test_a_drained_lane_is_seen_to_be_drained(database: Database, ledger: Ledger, redis: Redis, clock: FrozenClock) -> None:
    await _inbox(ledger.connection, 2, clock(), due_s=0)
    await ledger.connection.execute(
        "INSERT INTO dead_letters (id, reason, body, fingerprint) VALUES (gen_random_uuid(), 'x', '', '')"
    )
    assert (await _measured(database, redis))["due"] == 1
    assert _gauge("waybill_dead_letters_open", service="analytics", reason="x") == 1

    await ledger.connection.execute("DELETE FROM inbox; DELETE FROM dead_letters")

    assert set((await _measured(database, redis)).values()) == {0}
    assert _gauge("waybill_dead_letters_open", service="analytics", reason="x") is None
    assert all(_gauge("waybill_lane_backlog", service="analytics", lane=name) == 0 for name in LANES)
