"""analytics.sync_cache: old answers made anew, wrong ones found and mended, and what was found shown."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from services.analytics.cached_answers.cache import AnswerCache, Kept
from services.analytics.tests.kpis.arrange import NOW, OURS, happen, told
from shared.contracts.analytics import Revocation, SyncCache
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.standing_repository import StandingRepository
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

PATH = "/v1/kpis/orders.placed"
RANGE = {"from": "2026-03-02", "to": "2026-03-02"}


@pytest.fixture
async def order(session: Session, joined_database: Database, clock: FrozenClock) -> Any:
    """Has one order be placed and counted."""

    async def place() -> None:
        placed = told("payments.order_placed", NOW, 1000, currency="INR", lines=1)
        await happen(session, joined_database, clock, [(OURS, placed)])

    await place()
    return place


async def placed(client: ApiClient) -> tuple[int, bool]:
    """How many orders the API shows, and whether that is fresh."""
    answer = (await client.as_role("viewer").get(PATH, params=RANGE)).json()
    return answer["parts"][0]["whole"]["value"], answer["freshness"]["is_fresh"]


async def newest(client: ApiClient) -> dict[str, Any]:
    """The report of the newest look."""
    items = (await client.as_role("viewer").get("/v1/caches/looks")).json()["items"]
    report: dict[str, Any] = items[0]["report"]
    return report


QUESTION = "orders.placed/all/2026-03-02/2026-03-02/day"


async def kept(redis: Redis, clock: FrozenClock) -> Kept:
    """The answer that is kept."""
    found = (await AnswerCache(redis, "analytics", "kpis", clock).several([QUESTION]))[QUESTION]
    assert b'"value":' in found.body
    return found


async def falsify(redis: Redis, clock: FrozenClock) -> None:
    """Have the answer say that eight orders were placed."""
    found = await kept(redis, clock)
    wrong = replace(found, body=found.body.replace(b'"value":1,', b'"value":8,'))
    assert wrong != found
    await AnswerCache(redis, "analytics", "kpis", clock).keep(QUESTION, wrong)


async def test_answer_is_of_what_is_counted_whatever_is_kept(
    client: ApiClient, order: Any, redis: Redis, clock: FrozenClock
) -> None:
    first = await placed(client)
    await falsify(redis, clock)
    from_cache = await placed(client)
    await order()
    counted = await placed(client)

    assert (first, from_cache, counted) == ((1, True), (8, True), (2, True))


@pytest.mark.usefixtures("order")
async def test_look_that_runs_twice_finds_and_mends_what_differs_once(
    client: ApiClient, redis: Redis, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await placed(client)
    await falsify(redis, clock)
    key = uuid7()

    handled = [await run_task(SyncCache(), ids=[key]) for _ in range(2)]
    report = await newest(client)
    await run_task(SyncCache())
    after = await newest(client)

    assert [one.outcome for one in handled] == ["done", "done"]
    assert [one.carried_out for one in handled] == [True, False]
    assert (report["asked"], report["sampled"], report["different"], report["refreshed"]) == (1, 1, 1, 0)
    [difference] = report["differences"]
    assert difference["name"] == QUESTION
    assert ('"value":8' in difference["kept"], '"value":1' in difference["worked_out"]) == (True, True)
    assert (await placed(client))[0] == 1
    assert (after["sampled"], after["different"]) == (1, 0)


async def test_old_answers_are_made_anew_and_questions_that_nobody_asks_are_forgotten(
    client: ApiClient, order: Any, redis: Redis, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await placed(client)
    cache = AnswerCache(redis, "analytics", "kpis", clock)
    for name in ("orders.gone/all/2026-03-02/2026-03-02/day", "nonsense"):
        await cache.look(name)
    await order()
    await run_task(SyncCache(slot=NOW))
    report = await newest(client)
    body = (await kept(redis, clock)).body
    clock.advance(timedelta(days=2))
    await run_task(SyncCache(slot=clock()))

    assert (report["asked"], report["refreshed"], report["dropped"], report["sampled"]) == (3, 1, 2, 0)
    assert b'"value":2' in body
    later = await newest(client)
    assert (later["asked"], later["swept"]) == (0, 1)


async def test_revocations_that_the_cache_lacks_are_written_anew(
    client: ApiClient, session: Session, redis: Redis, run_task: TaskRunner, clock: FrozenClock
) -> None:
    ends = clock() + timedelta(hours=1)
    revoked = [Revocation(kind="session", key=str(number), issued_until=clock(), expires_at=ends) for number in range(3)]
    await StandingRepository(session).revocations(revoked)
    await RevocationCache(redis).put(revoked[:1], clock())

    await run_task(SyncCache())
    first = await newest(client)
    clock.advance(timedelta(seconds=1))
    await run_task(SyncCache())
    second = await newest(client)

    assert first["revocations"] == {"live": 3, "sampled": 3, "different": 2, "repaired": 2}
    assert second["revocations"] == {"live": 3, "sampled": 3, "different": 0, "repaired": 0}
    assert await RevocationCache(redis).holds({"session": "2"}, clock() - timedelta(minutes=1))
