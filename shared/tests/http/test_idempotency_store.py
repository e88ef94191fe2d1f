"""Answers: saved with what was published, and two transactions whose looks at a key cross, so that what the second one saw was
older than its lock."""

from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from shared.runtime.db import Database, Session
from shared.runtime.http import idempotency_store as store
from shared.runtime.http.idempotency_store import Claim, RequestInFlight, StoredAnswer
from shared.runtime.outbox import publish
from shared.testing.probe.contracts import RecordProbe

CLAIM = Claim("ann@", "POST /v1/notes", b"k" * 32, b"f" * 32)


async def known(database: Database) -> StoredAnswer | None:
    async with database.unit_of_work() as session:
        return await store.begin(session, CLAIM)


async def answered_too_late(database: Database) -> None:
    async with database.unit_of_work() as late:
        assert await store.begin(late, CLAIM) is None
        await answer(database, b"one")
        publish(late, RecordProbe(number=2))
        await answer_in(late, b"two")


async def leased_too_late(database: Database) -> None:
    async with database.unit_of_work() as late:
        assert await store.begin(late, CLAIM) is None
        await answer(database, b"one")
        await store.lease(late, CLAIM)


async def answer(database: Database, body: bytes) -> None:
    """By another transaction, without a look."""
    async with database.unit_of_work() as other:
        await answer_in(other, body)


async def answer_in(session: Session, body: bytes) -> None:
    await store.save(session, CLAIM, StoredAnswer(201, {}, body), "{}")


async def numbers(owner: asyncpg.Connection) -> list[int]:
    """Of the messages that go out."""
    return [row[0] for row in await owner.fetch("SELECT CAST(body ->> 'number' AS integer) FROM outbox ORDER BY 1")]


async def test_an_answer_and_what_was_published_until_then_are_one_statement(
    database: Database, owner: asyncpg.Connection
) -> None:
    asked: list[str] = []
    woken: list[list[int]] = []

    async def wake() -> None:
        woken.append(await numbers(owner))

    database.on_publish = wake
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *said: asked.append(said[2]))

    async with database.unit_of_work() as session:
        publish(session, RecordProbe(number=1))
        publish(session, RecordProbe(number=2))
        await answer_in(session, b"one")

    assert len(asked) == 1
    assert woken == [[1, 2]]
    assert await known(database) == StoredAnswer(201, {}, b"one")


async def test_what_is_published_after_the_answer_goes_out_as_well(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        publish(session, RecordProbe(number=1))
        await answer_in(session, b"one")
        publish(session, RecordProbe(number=2))

    assert await numbers(owner) == [1, 2]


async def test_what_was_published_outlives_an_answer_that_is_taken_back(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        publish(session, RecordProbe(number=1))
        async with session.begin_nested() as savepoint:
            await answer_in(session, b"one")
            await savepoint.rollback()

    assert await numbers(owner) == [1]
    assert await known(database) is None


@pytest.mark.parametrize("late", [answered_too_late, leased_too_late])
async def test_an_answer_that_came_after_the_look_stands(
    database: Database, owner: asyncpg.Connection, late: Callable[[Database], Coroutine[Any, Any, None]]
) -> None:
    with pytest.raises(RequestInFlight):
        await late(database)

    assert await known(database) == StoredAnswer(201, {}, b"one")
    assert await numbers(owner) == []


async def test_a_key_that_was_leased_after_the_look_is_not_leased_again(database: Database) -> None:
    async with database.unit_of_work() as late:
        assert await store.begin(late, CLAIM) is None
        async with database.unit_of_work() as other:
            lease_until = await store.lease(other, CLAIM)
        with pytest.raises(RequestInFlight):
            await store.lease(late, CLAIM)

    async with database.unit_of_work() as session:
        assert await store.finish(session, CLAIM, lease_until, StoredAnswer(201, {}, b"one"), "{}")
