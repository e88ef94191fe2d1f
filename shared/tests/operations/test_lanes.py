"""Lanes: what waits where; pause, resume, purge."""

import time
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from shared.contracts.lanes import LANES
from shared.runtime import broker
from shared.runtime.db import Session
from shared.runtime.http.runtime import HttpRuntime
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Consumer, Query, Snapshot, finished
from shared.tests.operations.test_messages import sent, waiting

API = "/v1/operations"
WHY = {"reason": "the provider is down"}


async def lane(client: ApiClient, name: str) -> dict[str, Any]:
    items = (await client.get(f"{API}/lanes")).json()["items"]
    found: dict[str, Any] = next(item for item in items if item["lane"] == name)
    return found


async def test_every_lane_is_shown_own_ones_first(viewer: ApiClient) -> None:
    items = (await viewer.get(f"{API}/lanes")).json()["items"]

    assert [item["lane"] for item in items[:3]] == ["alerts.evaluation", "alerts.default", "analytics.critical"]
    assert {item["lane"] for item in items} == set(LANES)


async def test_lane_counts_what_waits_in_tables_and_broker(
    admin: ApiClient, session: Session, consumer: Consumer, redis: Redis
) -> None:
    await sent(session)
    await sent(session, due_in_s=600)
    await session.execute(
        text("UPDATE outbox SET occurred_at = now() - interval '90 s', due_at = now() - interval '90 s' WHERE due_at <= now()")
    )
    await waiting(consumer)
    await redis.lpush("notifications.normal", b"a", b"b")
    await redis.zadd(broker.slots_key("notifications.normal"), {"one=4": time.time() + 60, "two=3": time.time() + 60, "old=9": 1})

    normal, own = await lane(admin, "notifications.normal"), await lane(admin, "alerts.default")

    assert (normal["outbox_waiting"], normal["outbox_later"], normal["outbox_unconfirmed"]) == (1, 1, 0)
    assert (normal["outbox_oldest_s"], normal["in_broker"], normal["slots"]) == (90.0, 2, 7)
    assert (own["inbox_due"], own["inbox_waiting"], own["inbox_leased"], own["outbox_oldest_s"]) == (0, 1, 0, None)


async def test_lanes_are_shown_while_the_broker_is_away(admin: ApiClient, session: Session) -> None:
    await sent(session)
    runtime: HttpRuntime = admin._app.state.runtime
    runtime.redis.connection_pool.connection_kwargs["port"] = 1
    await runtime.redis.connection_pool.disconnect()

    shown = await lane(admin, "notifications.normal")

    assert (shown["outbox_waiting"], shown["in_broker"], shown["slots"]) == (1, None, None)


async def test_pause_and_its_reason_are_shown_until_the_lane_is_resumed(admin: ApiClient, query: Query) -> None:
    answer = await admin.post(f"{API}/lanes/notifications.bulk/pause", json=WHY)

    assert answer.status_code == 204
    assert await query("SELECT lane FROM lane_pauses") == [{"lane": "notifications.bulk"}]
    assert (await lane(admin, "notifications.bulk"))["paused"] | {"paused_at": ""} == {
        **WHY,
        "paused_by": "user:ann",
        "paused_at": "",
    }
    assert (await admin.post(f"{API}/lanes/notifications.bulk/resume", json=WHY)).status_code == 204
    assert (await lane(admin, "notifications.bulk"))["paused"] is None
    assert await query("SELECT lane FROM lane_pauses") == []


async def test_pausing_and_resuming_can_be_repeated(admin: ApiClient, query: Query) -> None:
    for verb in ("pause", "pause", "resume", "resume"):
        assert (await admin.post(f"{API}/lanes/alerts.default/{verb}", json=WHY)).status_code == 204

    assert await query("SELECT action FROM operations_audit ORDER BY id") == [
        {"action": f"lane.{verb}"} for verb in ("pause", "pause", "resume", "resume")
    ]


async def test_limits_and_sizes_are_set_shown_and_taken_back_however_often_they_are_asked_for(
    admin: ApiClient, query: Query
) -> None:
    limit, pool = f"{API}/lanes/notifications.bulk/rate-limit", f"{API}/lanes/alerts.default/pool-size"

    for _ in range(2):
        assert (await admin.post(limit, json={**WHY, "per_s": 20})).status_code == 204
        assert (await admin.post(pool, json={**WHY, "size": 4})).status_code == 204
    shown = [await lane(admin, name) for name in ("notifications.bulk", "alerts.default")]
    assert [(one["limit"] or {}).get("per_s") for one in shown] == [20.0, None]
    assert [(one["pool"] or {}).get("size") for one in shown] == [None, 4]
    assert (shown[1]["pool"]["set_by"], shown[1]["pool"]["reason"]) == ("user:ann", WHY["reason"])

    for _ in range(2):
        assert (await admin.post(limit, json={**WHY, "per_s": None})).status_code == 204
        assert (await admin.post(pool, json={**WHY, "size": None})).status_code == 204
    assert await query("SELECT lane FROM lane_limits UNION ALL SELECT lane FROM lane_pools") == []
    lines = await query("SELECT action, target, details FROM operations_audit ORDER BY id")
    assert [(line["action"], line["target"], line["details"]) for line in lines[::2]] == [
        ("lane.limit_rate", "notifications.bulk", {"per_s": 20.0}),
        ("lane.limit_rate", "notifications.bulk", {"per_s": 20.0}),
        ("lane.limit_rate", "notifications.bulk", {"per_s": None}),
        ("lane.limit_rate", "notifications.bulk", {"per_s": None}),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("notifications.bulk/rate-limit", {"per_s": 0}, 422, "invalid_request"),
        ("notifications.bulk/rate-limit", {}, 422, "invalid_request"),
        ("alerts.default/pool-size", {"size": 65}, 422, "invalid_request"),
        ("alerts.default/pool-size", {"size": "4"}, 422, "invalid_request"),
        ("notifications.bulk/pool-size", {"size": 4}, 409, "lane_not_owned"),
        ("alerts.nothing/pool-size", {"size": 4}, 404, "lane_not_found"),
        ("alerts.nothing/rate-limit", {"per_s": 4}, 404, "lane_not_found"),
    ],
)
async def test_limits_and_sizes_that_cannot_be_are_refused(
    admin: ApiClient, snapshot: Snapshot, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    before = await snapshot()

    answer = await admin.post(f"{API}/lanes/{path}", json={**WHY, **body})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await snapshot() == before


async def test_purge_takes_out_what_waits_and_undo_puts_it_back(
    admin: ApiClient, session: Session, consumer: Consumer, query: Query
) -> None:
    message_id = await waiting(consumer)
    elsewhere = await sent(session)
    url = f"{API}/lanes/alerts.default/purge"

    counted = (await admin.post(url, json={**WHY, "dry_run": True})).json()
    assert counted == {"outbox": 0, "inbox": 1, "left": 1, "undo_id": None}
    purged = (await admin.post(url, json=WHY)).json()

    assert (purged["outbox"], purged["inbox"], purged["left"]) == (0, 1, 0)
    assert await query("SELECT id, state FROM inbox") == [{"id": message_id, "state": 7}]
    assert await query("SELECT id, state FROM outbox") == [{"id": elsewhere, "state": 0}]
    undone = (await admin.post(f"{API}/undo/{purged['undo_id']}", json=WHY)).json()
    assert (undone["inbox"], await query("SELECT id, state FROM inbox")) == (1, [{"id": message_id, "state": 2}])
    await admin.post(f"{API}/messages/{message_id}/retry", json=WHY)
    await consumer.deliver(finished(5), ids=[message_id])
    assert consumer.carried_out == [UUID(int=5)]


async def test_purge_leaves_what_is_being_carried_out_or_has_been_sent(
    admin: ApiClient, session: Session, consumer: Consumer, query: Query
) -> None:
    await waiting(consumer)
    await sent(session)
    await session.execute(
        text("UPDATE inbox SET state = 1, lease_token = gen_random_uuid(), due_at = now() + interval '1 minute'")
    )
    await session.execute(text("UPDATE outbox SET state = 1, lane = 'alerts.default'"))

    purged = (await admin.post(f"{API}/lanes/alerts.default/purge", json=WHY)).json()

    assert purged == {"outbox": 0, "inbox": 0, "left": 0, "undo_id": None}, "there is nothing to take back"
    assert [await query("SELECT state FROM inbox"), await query("SELECT state FROM outbox")] == [[{"state": 1}], [{"state": 1}]]


async def test_unknown_lane_is_not_found(admin: ApiClient, snapshot: Snapshot) -> None:
    before = await snapshot()
    answers = [await admin.post(f"{API}/lanes/alerts.nothing/{verb}", json=WHY) for verb in ("pause", "resume", "purge")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "lane_not_found")] * 3
    assert await snapshot() == before
