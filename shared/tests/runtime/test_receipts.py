"""Receipts delete what the consumer holds; whatever else lies on the list is passed over."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.receipts import AT_ONCE, ReceiptTaker, receipt
from shared.testing.database import FreshDatabase
from shared.testing.probe.contracts import RecordProbe
from shared.tests.runtime.relaying import pool_of

KEY = "receipts:trips"


@pytest_asyncio.fixture
async def taker(fresh: FreshDatabase, redis: Redis) -> AsyncIterator[ReceiptTaker]:
    async with pool_of(fresh.url("trips")) as pool:
        yield ReceiptTaker(pool, redis, "trips")


async def _published(database: Database, count: int) -> list[UUID]:
    async with database.unit_of_work() as session:
        return [publish(session, RecordProbe(number=number)) for number in range(count)]


async def _left(connection: asyncpg.Connection) -> list[UUID]:
    return [row["id"] for row in await connection.fetch("SELECT id FROM outbox ORDER BY id")]


async def test_confirmed_rows_are_deleted_and_others_stay(
    taker: ReceiptTaker, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    ids = await _published(trips, 4)
    await redis.lpush(KEY, receipt([str(ids[0]), str(ids[2])]), receipt([str(ids[0]), str(uuid4())]))

    assert await taker.take() == 2

    assert await _left(trips_owner) == [ids[1], ids[3]]
    assert await redis.llen(KEY) == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"not json",
        b"\xff\xfe",
        b"{}",
        b"[1]",
        orjson.dumps("x" * 36),
        orjson.dumps(["x" * 36]),
        orjson.dumps(["-" * 36]),
        orjson.dumps(["é" * 36]),
        orjson.dumps(["'; DELETE FROM outbox; --            "]),
        orjson.dumps([["5b0a1f6e-6a52-4b62-9b4e-d6a3a3e0b1c7"]]),
        b"[" * 5000,
    ],
)
async def test_garbage_costs_no_other_receipt(
    taker: ReceiptTaker, trips: Database, trips_owner: asyncpg.Connection, redis: Redis, garbage: bytes
) -> None:
    ids = await _published(trips, 2)
    await redis.lpush(KEY, receipt([str(ids[0])]), garbage, receipt([str(ids[1])]))

    assert await taker.take() == 2

    assert await _left(trips_owner) == []


async def test_receipts_are_taken_in_bulk_and_in_turn(taker: ReceiptTaker, trips: Database, redis: Redis) -> None:
    ids = await _published(trips, AT_ONCE + 1)
    for message_id in ids:
        await redis.lpush(KEY, receipt([str(message_id)]))

    assert [await taker.take() for _ in range(2)] == [AT_ONCE, 1]
