"""Fixtures on a real Valkey, empty before each test."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from shared.runtime import broker

if TYPE_CHECKING:
    from shared.testing.servers import ValkeyServer


@pytest.fixture
def broker_url(valkey: "ValkeyServer") -> str:
    """REDIS_URL of this test's broker, which is empty."""
    with SyncRedis.from_url(valkey.url()) as client:
        client.flushall()
        client.script_flush()
    return valkey.url()


@pytest_asyncio.fixture
async def redis(broker_url: str) -> AsyncIterator[Redis]:
    """A client of this test's broker, as the runtime makes it."""
    async with broker.connect(broker_url, name="test") as client:
        yield client
