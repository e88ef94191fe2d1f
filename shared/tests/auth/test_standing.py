import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import pytest_asyncio
import redis.asyncio as redis

from shared.contracts.analytics import Revocation
from shared.runtime.auth.principal import TokenFacts
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.standing import Standing
from shared.runtime.auth.standing_repository import StandingRepository
from shared.runtime.db import Database, ReadSession
from shared.runtime.errors import Unauthenticated

ISSUED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = TokenFacts("user:ann", "k1", "t1", None, ISSUED, None)
REVOKED = Revocation(kind="token", key="t1", issued_until=ISSUED, expires_at=datetime(2099, 1, 1, tzinfo=UTC))


@pytest.fixture
def service() -> str:
    return "alerts"


class Looks:
    """Sessions on the real database, counted. What they have read is held back until `go_on` is set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.count = 0
        self.looked, self.go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        self.count += 1
        async with self._database.read() as session:
            yield session
            self.looked.set()
            await self.go_on.wait()


@pytest.fixture
def looks(database: Database) -> Looks:
    return Looks(database)


@pytest_asyncio.fixture
async def standing(looks: Looks, broker_url: str) -> AsyncIterator[Standing]:
    async with redis.Redis.from_url(broker_url) as client:
        yield Standing(looks.read, RevocationCache(client))


async def test_requests_that_come_while_a_token_is_looked_up_wait_for_the_same_answer(standing: Standing, looks: Looks) -> None:
    waiting = [asyncio.create_task(standing.check(TOKEN)) for _ in range(20)]
    await looks.looked.wait()
    waiting[0].cancel()
    looks.go_on.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(result) for result in results] == [asyncio.CancelledError, *[type(None)] * 19]
    assert looks.count == 1


async def test_what_was_being_looked_up_when_all_was_forgotten_is_not_believed_after_it(
    standing: Standing, looks: Looks, database: Database
) -> None:
    before = asyncio.create_task(standing.check(TOKEN))
    await looks.looked.wait()
    async with database.unit_of_work() as session:
        await StandingRepository(session).revocations([REVOKED])
    standing.forget()
    after = asyncio.create_task(standing.check(TOKEN))
    looks.go_on.set()
    await before

    with pytest.raises(Unauthenticated):
        await after
    with pytest.raises(Unauthenticated):
        await standing.check(TOKEN)
