"""Operators, the relay and workers at the same rows at the same time. Commits are commits here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from shared.runtime.context import new_trace
from shared.runtime.db import Database
from shared.runtime.inbox import store
from shared.runtime.inbox.delivery import Delivery, Item
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Failed
from shared.testing.locks import WAITING
from shared.testing.process import Processes
from shared.testing.service import ApiClient
from shared.testing.wait import eventually
from shared.tests.operations.conftest import Consumer, finished
from shared.tests.operations.test_messages import MAIL

pytestmark = pytest.mark.commits

API = "/v1/operations"
WHY = {"reason": "sent by mistake"}
NOTE = {"note": "the alert was opened again"}


@asynccontextmanager
async def held(owner: asyncpg.Connection, statement: str, *bound: object) -> AsyncIterator[None]:
    """Do something in a transaction that is still open inside the block, as the relay or a worker has it, and commit."""
    async with owner.transaction():
        await owner.execute(statement, *bound)
        yield


async def promise(database: Database) -> UUID:
    async with database.unit_of_work() as session:
        return publish(session, MAIL)


async def dead_letter(admin: ApiClient, consumer: Consumer) -> tuple[UUID, str]:
    """A message that died, and its letter's path."""
    (died,) = await consumer.kill(finished(5))
    (letter,) = (await admin.get(f"{API}/dead-letters")).json()["items"]
    return died, f"{API}/dead-letters/{letter['id']}"


def delivery_of(message_id: UUID) -> Delivery:
    message = finished(5)
    item = Item(
        message_id,
        message.model_dump(mode="json"),
        "notifications",
        message.finished_at,
        new_trace(),
        message.finished_at,
        message,
    )
    return Delivery(message.contract.name, "alerts.default", [item])


async def claim(database: Database, message_id: UUID) -> list[store.Lease]:
    """What an effect handler's worker does first."""
    async with database.unit_of_work() as session:
        delivery = delivery_of(message_id)
        return await store.claim(session, delivery, delivery.items, store.new_token(), 60)


async def test_cancel_does_not_wait_for_the_relay_and_loses_to_it(
    admin: ApiClient, database: Database, owner: asyncpg.Connection
) -> None:
    message_id = await promise(database)

    async with held(owner, "UPDATE outbox SET state = 1, sends = 1 WHERE state = 0"):
        during = await admin.post(f"{API}/messages/{message_id}/cancel", json=WHY)
    after = await admin.post(f"{API}/messages/{message_id}/cancel", json=WHY)

    assert (during.status_code, during.json()["detail"]) == (
        409,
        "the relay is sending it at this moment; look again in a second",
    )
    assert (after.status_code, after.json()["state"]) == (409, "sent")
    assert await owner.fetchval("SELECT state FROM outbox") == 1
    assert await owner.fetchval("SELECT count(*) FROM operations_audit") == 0


async def test_purge_passes_over_what_the_relay_is_sending(
    admin: ApiClient, database: Database, owner: asyncpg.Connection
) -> None:
    claimed = await promise(database)
    other = await promise(database)

    async with held(owner, "UPDATE outbox SET state = 1 WHERE id = $1", claimed):
        purged = await admin.post(f"{API}/lanes/notifications.normal/purge", json=WHY)

    assert (purged.json()["outbox"], purged.json()["left"]) == (1, 1)
    assert {row["id"]: row["state"] for row in await owner.fetch("SELECT id, state FROM outbox")} == {claimed: 1, other: 2}


async def test_cancel_does_not_wait_for_a_worker_and_loses_to_it(
    admin: ApiClient, consumer: Consumer, owner: asyncpg.Connection
) -> None:
    died, letter = await dead_letter(admin, consumer)
    await admin.post(f"{letter}/replay", json=NOTE)

    async with held(owner, "UPDATE inbox SET state = 0, finished_at = now()"):
        during = await admin.post(f"{API}/messages/{died}/cancel", json=WHY)
    after = await admin.post(f"{API}/messages/{died}/cancel", json=WHY)

    assert (during.status_code, "has it in its hands" in during.json()["detail"]) == (409, True)
    assert (after.status_code, after.json()["state"]) == (409, "done")
    assert await owner.fetchval("SELECT state FROM inbox") == 0


async def test_worker_that_waits_behind_a_cancellation_does_nothing(
    admin: ApiClient, consumer: Consumer, database: Database, owner: asyncpg.Connection
) -> None:
    died, letter = await dead_letter(admin, consumer)
    await admin.post(f"{letter}/replay", json=NOTE)

    async with held(owner, "UPDATE inbox SET state = 7, cancel_id = gen_random_uuid(), finished_at = now()"):
        delivered = asyncio.create_task(consumer.deliver(finished(5), ids=[died]))
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits")
    (handled,) = await delivered

    assert (handled.outcome, handled.carried_out, consumer.carried_out) == ("cancelled", False, [])
    assert await claim(database, died) == []


async def test_leased_message_is_neither_cancelled_nor_replayed(
    admin: ApiClient, consumer: Consumer, database: Database, owner: asyncpg.Connection
) -> None:
    died, letter = await dead_letter(admin, consumer)
    await admin.post(f"{letter}/replay", json=NOTE)
    (lease,) = await claim(database, died)
    before = [tuple(row) for row in await owner.fetch("SELECT * FROM inbox")]

    again = await admin.post(f"{letter}/replay", json=NOTE)
    cancelled = await admin.post(f"{API}/messages/{died}/cancel", json=WHY)

    assert (again.json()["code"], cancelled.json()["code"]) == ("dead_letter_settled", "message_not_waiting")
    assert (lease.attempt, cancelled.json()["state"]) == (1, "leased")
    assert [tuple(row) for row in await owner.fetch("SELECT * FROM inbox")] == before


async def test_old_lease_cannot_settle_a_replayed_message(
    admin: ApiClient, consumer: Consumer, database: Database, owner: asyncpg.Connection
) -> None:
    """A worker that comes back after its message was given up and replayed finds that its token is worth nothing."""
    message_id = UUID(int=77)
    old, new = store.new_token(), store.new_token()
    delivery = delivery_of(message_id)
    async with database.unit_of_work() as session:
        await store.claim(session, delivery, delivery.items, old, 0)
    async with database.unit_of_work() as session:
        await store.claim(session, delivery, delivery.items, new, 60)
        await store.settle(session, new, {message_id: Failed("given up")})
    (letter,) = (await admin.get(f"{API}/dead-letters")).json()["items"]
    await admin.post(f"{API}/dead-letters/{letter['id']}/replay", json=NOTE)

    async with database.unit_of_work() as session:
        assert await store.settle(session, old, {message_id: Done()}) == set()

    assert await owner.fetchval("SELECT state FROM inbox") == store.RETRY
    (handled,) = await consumer.deliver(finished(5), ids=[message_id])
    assert handled.outcome == "done"


async def test_two_operators_replay_once(admin: ApiClient, consumer: Consumer, owner: asyncpg.Connection) -> None:
    _, letter = await dead_letter(admin, consumer)

    answers = await asyncio.gather(*(admin.post(f"{letter}/replay", json=NOTE) for _ in range(4)))

    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    assert await owner.fetchval("SELECT count(*) FROM operations_audit WHERE action = 'dead_letter.replay'") == 1


async def test_many_are_replayed_by_two_operators_once_each(
    admin: ApiClient, consumer: Consumer, owner: asyncpg.Connection
) -> None:
    await consumer.kill(*(finished(number) for number in range(40)))
    selection = {"note": "mended", "all": True, "rate": 1000}

    answers = await asyncio.gather(*(admin.post(f"{API}/dead-letters/replay", json=selection) for _ in range(3)))

    assert [one.status_code for one in answers] == [200] * 3
    assert sum(one.json()["settled"] for one in answers) == 40
    assert await owner.fetchval("SELECT count(*) FROM dead_letters WHERE status = 'replayed'") == 40


async def _is_queued(owner: asyncpg.Connection) -> bool:
    return bool(await owner.fetchval("SELECT state FROM inbox") == store.QUEUED)


async def test_relay_sends_a_replayed_message_to_its_lane(
    admin: ApiClient, consumer: Consumer, processes: Processes, redis: Redis, owner: asyncpg.Connection
) -> None:
    died, letter = await dead_letter(admin, consumer)
    await admin.post(f"{letter}/replay", json=NOTE)

    processes.relay("alerts")

    # The relay pushes first and commits then.
    await eventually(lambda: _is_queued(owner), message="the relay sends nothing")
    (envelope,) = await redis.lrange("alerts.default", 0, -1)
    headers = orjson.loads(envelope)["headers"]
    assert (headers["id"], headers["waybill"]["source"], headers["waybill"]["isolate"]) == (str(died), "notifications", False)


async def test_refused_audit_takes_the_change_back(admin: ApiClient, consumer: Consumer, owner: asyncpg.Connection) -> None:
    """A change that cannot be written down does not happen."""
    _, letter = await dead_letter(admin, consumer)
    await owner.execute("REVOKE INSERT ON operations_audit FROM alerts_app")

    answer = await admin.post(f"{letter}/replay", json=NOTE)

    assert answer.status_code == 500
    assert await owner.fetchval("SELECT state FROM inbox") == store.DEAD
    assert await owner.fetchval("SELECT status FROM dead_letters") == "open"


async def test_two_undo_a_purge_once(admin: ApiClient, database: Database, owner: asyncpg.Connection) -> None:
    for _ in range(3):
        await promise(database)
    undo_id = (await admin.post(f"{API}/lanes/notifications.normal/purge", json=WHY)).json()["undo_id"]

    answers = await asyncio.gather(*(admin.post(f"{API}/undo/{undo_id}", json=WHY) for _ in range(2)))

    assert sorted(one.status_code for one in answers) == [200, 409]
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE state = 0 AND cancel_id IS NULL") == 3
