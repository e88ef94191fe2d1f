"""Filling the windows of the lanes: what goes out now, and what waits."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.contracts.message import Message
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.allowance import Allowances
from shared.runtime.relay.sender import Sender
from shared.testing.database import FreshDatabase
from shared.tests.runtime.conftest import Ledger
from shared.tests.runtime.contracts import Letter, Parcel
from shared.tests.runtime.relaying import pool_of

CRITICAL, BATCH = "analytics.critical", "analytics.batch"


@pytest_asyncio.fixture
async def pool(fresh: FreshDatabase) -> AsyncIterator["asyncpg.Pool[Any]"]:
    async with pool_of(fresh.url("trips")) as pool:
        yield pool


@pytest.fixture
def sender(pool: "asyncpg.Pool[Any]", redis: Redis) -> Sender:
    return Sender(pool, redis, "trips")


async def _publish(database: Database, *messages: Message) -> None:
    async with database.unit_of_work() as session:
        for message in messages:
            publish(session, message)


def _parcels(count: int) -> list[Parcel]:
    return [Parcel(number=number) for number in range(count)]


async def _sizes(redis: Redis, lane: str) -> list[int]:
    """How many messages each delivery of a lane holds, the oldest first."""
    found = [orjson.loads(entry)["headers"]["waybill"].get("batch", 1) for entry in await redis.lrange(lane, 0, -1)]
    return found[::-1]


async def _states(connection: asyncpg.Connection) -> dict[int, int]:
    rows = await connection.fetch("SELECT state, count(*) AS rows FROM outbox GROUP BY state")
    return {row["state"]: row["rows"] for row in rows}


async def test_a_limited_lane_gets_so_many_messages_a_second_and_the_rest_waits(
    pool: "asyncpg.Pool[Any]", trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    sender, now = Sender(pool, redis, "trips"), [0.0]
    sender.allowances = Allowances(lambda: now[0])
    sender.allowances.set({CRITICAL: 20.0})
    await _publish(trips, *_parcels(50))

    gone = []
    for seconds in (0.0, 0.0, 0.5, 0.5, 30.0):
        now[0] += seconds
        # The lane lingers between two sends; a worker takes what is there.
        sender._last_sent.clear()
        await redis.delete(CRITICAL)
        gone.append((await sender.send_outbox())[0])

    assert gone == [1, 0, 10, 10, 20]
    assert await _states(trips_owner) == {0: 9, 1: 41}


def test_what_was_not_used_is_saved_up_for_a_second_and_for_one_message_at_least() -> None:
    now = [0.0]
    allowances = Allowances(lambda: now[0])
    allowances.set({"slow": 0.1, "fast": 100.0})

    assert [allowances.of(lane) for lane in ("slow", "fast", "free")] == [0, 1, None]
    now[0] = 60.0
    assert [allowances.of(lane) for lane in ("slow", "fast")] == [1, 100]
    allowances.spend("slow", 1)
    allowances.spend("free", 1)
    now[0] = 69.0
    assert allowances.of("slow") == 0
    now[0] = 70.5
    assert allowances.of("slow") == 1
    allowances.set({})
    assert allowances.of("slow") is None


async def test_a_lane_holds_two_deliveries_and_the_rest_waits(
    sender: Sender, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await _publish(trips, *_parcels(1300))

    sent = [(await sender.send_outbox())[0] for _ in range(3)]

    assert sent == [1000, 0, 0]
    assert await _sizes(redis, CRITICAL) == [500, 500]
    assert await _states(trips_owner) == {0: 300, 1: 1000}


async def test_every_delivery_that_a_worker_takes_makes_room_for_another(sender: Sender, trips: Database, redis: Redis) -> None:
    await _publish(trips, *_parcels(1300))
    await sender.send_outbox()
    await redis.rpop(CRITICAL)

    sent, _ = await sender.send_outbox()

    assert sent == 300
    assert await _sizes(redis, CRITICAL) == [500, 300]


async def test_workers_widen_the_window_by_their_slots_until_these_expire(sender: Sender, trips: Database, redis: Redis) -> None:
    now = time.time()
    members = {"a@one=2": now + 60, "b@two=2": now + 60, "gone@three=50": now - 1, "no number": now + 60, "x=-3": now + 60}
    await redis.zadd(f"slots:{CRITICAL}", members)
    await _publish(trips, *_parcels(2300))

    sent = [(await sender.send_outbox())[0] for _ in range(3)]

    assert sent == [1000, 1000, 0]
    assert await redis.llen(CRITICAL) == 4


async def test_a_flooded_lane_whose_window_is_full_holds_up_no_other(sender: Sender, trips: Database, redis: Redis) -> None:
    await redis.lpush(CRITICAL, b"{}", b"{}")
    await _publish(trips, *_parcels(1500), Letter(number=1))

    sent, reopens_s = await sender.send_outbox()

    assert (sent, reopens_s) == (1, 0.005)
    assert (await redis.llen(BATCH), await redis.llen(CRITICAL)) == (1, 2)


async def test_a_lane_lingers_after_each_delivery_so_that_the_next_grows(sender: Sender, trips: Database, redis: Redis) -> None:
    await _publish(trips, Letter(number=1))
    await sender.send_outbox()
    await _publish(trips, Letter(number=2))

    sent, reopens_s = await sender.send_outbox()

    assert sent == 0 or await redis.llen(BATCH) == 2
    assert 0 <= reopens_s <= 0.01 or sent == 1
    await asyncio.sleep(0.01)
    await sender.send_outbox()
    assert await redis.llen(BATCH) == 2


async def test_nothing_goes_to_a_paused_lane(
    sender: Sender, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    sender.paused = frozenset({CRITICAL})
    await _publish(trips, *_parcels(3), Letter(number=1))

    assert (await sender.send_outbox())[0] == 1

    assert await redis.llen(CRITICAL) == 0
    assert await _states(trips_owner) == {0: 3, 1: 1}


async def test_what_is_not_due_yet_waits(sender: Sender, trips: Database, trips_owner: asyncpg.Connection) -> None:
    await _publish(trips, *_parcels(2))
    await trips_owner.execute("UPDATE outbox SET due_at = now() + interval '1 h' WHERE (body->>'number')::int = 0")

    assert [(await sender.send_outbox())[0] for _ in range(2)] == [1, 0]


async def test_relays_side_by_side_never_send_the_same_row(
    pool: "asyncpg.Pool[Any]", trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await redis.zadd(f"slots:{CRITICAL}", {"w=20": time.time() + 60})
    await _publish(trips, *_parcels(300))
    senders = [Sender(pool, redis, "trips") for _ in range(3)]

    sent = await asyncio.gather(*(sender.send_outbox() for sender in senders))

    assert sum(count for count, _ in sent) == 300
    assert sum(await _sizes(redis, CRITICAL)) == 300
    assert await trips_owner.fetchval("SELECT max(sends) FROM outbox") == 1


async def test_rows_that_another_relay_has_in_hand_are_passed_over(
    sender: Sender, trips: Database, trips_owner: asyncpg.Connection
) -> None:
    await _publish(trips, *_parcels(10))

    async with trips_owner.transaction():
        await trips_owner.execute("SELECT FROM outbox ORDER BY id LIMIT 4 FOR UPDATE")
        assert (await sender.send_outbox())[0] == 6


async def test_a_push_that_the_broker_refuses_marks_nothing(
    sender: Sender, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await _publish(trips, *_parcels(3))
    await sender.send_inbox()
    await redis.set("epoch", "known")
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisError):
            await sender.send_outbox()
    finally:
        await redis.config_set("maxmemory", "0")

    assert await _states(trips_owner) == {0: 3}
    assert (await sender.send_outbox())[0] == 3


async def test_an_unconfirmed_row_waits_twice_as_long_after_each_send(
    sender: Sender, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await _publish(trips, *_parcels(1))
    waits = []
    for _ in range(7):
        await sender.send_outbox()
        await redis.delete(CRITICAL)
        waits.append(await trips_owner.fetchval("SELECT extract(epoch FROM confirm_by - now())::int FROM outbox"))
        await trips_owner.execute("UPDATE outbox SET state = 0, isolate = true")

    assert [round(wait, -1) for wait in waits] == [120, 240, 480, 960, 1920, 3600, 3600]


class TestInbox:
    """Retries, leftovers, parked messages and expired leases go to the own lanes."""

    @pytest_asyncio.fixture
    async def sender(self, fresh: FreshDatabase, redis: Redis) -> AsyncIterator[Sender]:
        async with pool_of(fresh.url("analytics")) as pool:
            yield Sender(pool, redis, "analytics")

    async def _wait(self, ledger: Ledger, name: str, lane: str, count: int, *, state: int = 2) -> None:
        await ledger.connection.execute(
            "INSERT INTO inbox (id, name, lane, source, state, attempt, body, occurred_at, due_at, lease_token)"
            " SELECT gen_random_uuid(), $1, $2, 'trips', $4, 2, json_build_object('number', n), now(), now() - interval '1 s',"
            " gen_random_uuid()"
            " FROM generate_series(1, $3) AS n",
            *(name, lane, count, state),
        )

    async def test_a_window_holds_for_each_lane_however_much_waits_for_another(
        self, sender: Sender, ledger: Ledger, redis: Redis
    ) -> None:
        await self._wait(ledger, "analytics.take_parcel", CRITICAL, 900)
        await self._wait(ledger, "analytics.take_letter", BATCH, 5)
        await redis.lpush(CRITICAL, b"{}", b"{}")

        sent = await sender.send_inbox()

        assert sent == 505
        assert (await redis.llen(CRITICAL), await redis.llen(BATCH)) == (3, 1)

    async def test_new_messages_that_fill_the_window_keep_no_retry_out_and_get_no_place_of_its_own(
        self, sender: Sender, fresh: FreshDatabase, ledger: Ledger, redis: Redis
    ) -> None:
        await _publish(fresh.open("analytics"), *_parcels(3000))
        await self._wait(ledger, "analytics.take_parcel", CRITICAL, 900)

        sent = [(await sender.send_outbox())[0], await sender.send_inbox(), await sender.send_inbox()]
        await redis.rpop(CRITICAL)
        sent += [(await sender.send_outbox())[0], await sender.send_inbox()]

        assert sent == [1000, 500, 0, 0, 400]

    @pytest.mark.parametrize(("state", "crashes", "isolated"), [(1, 1, True), (2, 0, False), (3, 0, False), (4, 0, False)])
    async def test_what_is_due_is_queued_and_an_expired_lease_is_a_crash(
        self, sender: Sender, ledger: Ledger, redis: Redis, *, state: int, crashes: int, isolated: bool
    ) -> None:
        await self._wait(ledger, "analytics.take_parcel", CRITICAL, 1, state=state)

        assert [await sender.send_inbox() for _ in range(2)] == [1, 0]

        row = await ledger.connection.fetchrow("SELECT state, crashes, attempt, lease_token FROM inbox")
        assert tuple(row) == (3, crashes, 2, None)
        [entry] = await redis.lrange(CRITICAL, 0, -1)
        assert orjson.loads(entry)["headers"]["waybill"]["isolate"] is isolated

    @pytest.mark.parametrize("state", [0, 5, 6, 7])
    async def test_what_is_finished_stays_where_it_is(self, sender: Sender, ledger: Ledger, state: int) -> None:
        await self._wait(ledger, "analytics.take_parcel", CRITICAL, 1, state=state)

        assert await sender.send_inbox() == 0
