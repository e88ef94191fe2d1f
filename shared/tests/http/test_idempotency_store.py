"""Two transactions whose looks at a key cross: what the second one saw was older than its lock."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from shared.runtime.db import Database
from shared.runtime.http import idempotency_store as store
from shared.runtime.http.idempotency_store import Claim, RequestInFlight, StoredAnswer

CLAIM = Claim("ann@", "POST /v1/notes", b"k" * 32, b"f" * 32)


async def known(database: Database) -> StoredAnswer | None:
    async with database.unit_of_work() as session:
        return await store.begin(session, CLAIM)


async def answered_too_late(database: Database) -> None:
    async with database.unit_of_work() as late:
        assert await store.begin(late, CLAIM) is None
        await answer(database, b"one")
        await store.save(late, CLAIM, StoredAnswer(201, {}, b"two"), "{}")


async def leased_too_late(database: Database) -> None:
    async with database.unit_of_work() as late:
        assert await store.begin(late, CLAIM) is None
        await answer(database, b"one")
        await store.lease(late, CLAIM)


async def answer(database: Database, body: bytes) -> None:
    """By another transaction, without a look."""
    async with database.unit_of_work() as other:
        await store.save(other, CLAIM, StoredAnswer(201, {}, body), "{}")


@pytest.mark.parametrize("late", [answered_too_late, leased_too_late])
async def test_an_answer_that_came_after_the_look_stands(
    database: Database, late: Callable[[Database], Coroutine[Any, Any, None]]
) -> None:
    with pytest.raises(RequestInFlight):
        await late(database)

    assert await known(database) == StoredAnswer(201, {}, b"one")


async def test_a_key_that_was_leased_after_the_look_is_not_leased_again(database: Database) -> None:
    async with database.unit_of_work() as late:
        assert await store.begin(late, CLAIM) is None
        async with database.unit_of_work() as other:
            lease_until = await store.lease(other, CLAIM)
        with pytest.raises(RequestInFlight):
            await store.lease(late, CLAIM)

    async with database.unit_of_work() as session:
        assert await store.finish(session, CLAIM, lease_until, StoredAnswer(201, {}, b"one"), "{}")
