"""The API over owners of which one answers, one is away, and three are not known."""

from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from services.analytics.tests.task_events.events import presence
from services.analytics.tests.task_runs.arrange import mail, write
from shared.contracts.analytics import CheckSystemHealth
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

pytestmark = [pytest.mark.commits, pytest.mark.usefixtures("served")]
PATH = "/v1/monitoring"


async def test_health_shows_what_is_away_and_does_not_fail_of_it(client: ApiClient) -> None:
    answer = await client.as_role("viewer").get(f"{PATH}/health")

    found = {one["component"]: (one["status"], one["problem"]) for one in answer.json()["components"]}
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert {found["database"], found["broker"], found["service:analytics"]} == {("ok", None)}
    assert found["service:payments"] == ("down", "payments does not answer (ConnectError)")
    assert found["service:trips"] == ("down", "where trips is has not been set: set TRIPS_URL")
    assert found["collector"][0] == "down"


async def test_a_provider_that_is_left_alone_is_shown(client: ApiClient, redis: Redis) -> None:
    seconds, _ = await redis.time()
    fields: dict[Any, Any] = {"until": str((seconds + 30) * 1000), "since": str((seconds - 60) * 1000), "why": "config"}
    await redis.hset("providers:payments:circuit:razorpay", mapping=fields)
    await redis.hset("providers:notifications:circuit:smtp", mapping={"calls": "5"})

    components = (await client.as_role("viewer").get(f"{PATH}/health")).json()["components"]

    found = {one["component"]: one for one in components if one["kind"] == "provider"}
    assert {name: one["status"] for name, one in found.items()} == {
        "provider:payments/razorpay": "down",
        "provider:notifications/smtp": "ok",
    }
    assert found["provider:payments/razorpay"]["problem"].endswith("it refuses our login or sender; check its key")


async def test_queues_add_up_what_is_known_and_name_what_is_not(
    client: ApiClient, database: Database, redis: Redis, clock: FrozenClock
) -> None:
    running = [["d", "analytics.check_system_health", "analytics.critical", 1.0]]
    async with database.unit_of_work() as session:
        for _ in range(3):
            publish(session, CheckSystemHealth())
        publish(session, CheckSystemHealth(), due_at=clock() + timedelta(days=9999))
        await write(session, clock, presence(clock(), running=running), mail(clock(), "done"))
    await redis.lpush("analytics.critical", "delivery")

    found = (await client.as_role("viewer").get(f"{PATH}/queues")).json()

    queue = next(one for one in found["items"] if one["lane"] == "analytics.critical")
    assert (queue["waiting"], queue["in_broker"], queue["unacknowledged"], queue["delayed"]) == (3, 1, 1, 1)
    assert [one["service"] for one in queue["unknown"]] == ["alerts", "notifications", "payments", "trips"]
    assert (found["is_complete"], queue["drain_s"]) == (False, None)
    foreign = next(one for one in found["items"] if one["lane"] == "payments.normal")
    assert foreign["waiting"] is None


async def test_schedules_and_figures_are_shown_while_owners_are_away(client: ApiClient) -> None:
    viewer = client.as_role("viewer")
    schedules = (await viewer.get(f"{PATH}/schedules")).json()
    now = (await viewer.get(f"{PATH}/metrics/realtime")).json()["now"]
    dashboard = (await viewer.get(f"{PATH}/dashboard")).json()

    assert "check-system-health" in {one["name"] for one in schedules["items"]}
    assert [one["service"] for one in schedules["unknown"]] == ["alerts", "notifications", "payments", "trips"]
    assert (now["is_complete"], now["per_s"], dashboard["at"]) == (False, 0.0, None)


async def test_a_messages_story_comes_from_its_owner_and_from_what_was_heard(
    client: ApiClient, database: Database, clock: FrozenClock
) -> None:
    async with database.unit_of_work() as session:
        message_id = publish(session, CheckSystemHealth())
        await write(session, clock, mail(clock(), "retry", ids=[message_id]))

    story = (await client.as_role("viewer").get(f"{PATH}/tasks/{message_id}")).json()

    assert [run["state"] for run in story["runs"]] == ["retry"]
    told = {one["service"]: one for one in story["services"]}
    assert [row["state"] for row in told["analytics"]["story"]["outbox"]] == ["waiting"]
    assert told["payments"]["problem"] == "payments does not answer (ConnectError)"


async def test_a_message_that_nobody_knows_is_not_denied_while_somebody_is_away(client: ApiClient) -> None:
    answer = await client.as_role("viewer").get(f"{PATH}/tasks/{uuid7()}")

    problems = {one["service"]: one["problem"] for one in answer.json()["services"]}
    assert (answer.status_code, answer.json()["runs"]) == (200, [])
    assert (problems["analytics"], problems["payments"]) == (None, "payments does not answer (ConnectError)")
