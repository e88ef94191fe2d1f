"""The runtime's parts by themselves, on a real database and broker. The analytics service consumes, trips produces."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from shared.contracts import registry
from shared.runtime.db import Database
from shared.testing.database import FreshDatabase
from shared.testing.probe import contracts as probe_contracts
from shared.testing.probe import tasks
from shared.tests.runtime import contracts

registry.include(probe_contracts)
registry.include(contracts)


@pytest.fixture
def service() -> str:
    return "analytics"


@pytest.fixture
def trips(fresh: FreshDatabase) -> Database:
    """The producer's database."""
    return fresh.open("trips")


@pytest_asyncio.fixture
async def trips_owner(fresh: FreshDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A bare connection to the producer's schema."""
    connection = await asyncpg.connect(fresh.owner_url("trips"), server_settings={"search_path": "trips"})
    yield connection
    await connection.close()


@dataclass(frozen=True)
class Ledger:
    """What the consumer's tables say."""

    connection: asyncpg.Connection

    async def row(self, message_id: UUID) -> dict[str, Any] | None:
        """A message's inbox row, with `in_s`: seconds until it is due."""
        found = await self.connection.fetchrow(
            "SELECT *, extract(epoch FROM due_at - now())::float8 AS in_s FROM inbox WHERE id = $1", message_id
        )
        return None if found is None else dict(found)

    async def states(self, *message_ids: UUID) -> list[int | None]:
        """The states of messages, in their order; None for one that is not known."""
        rows = [await self.row(message_id) for message_id in message_ids]
        return [None if row is None else row["state"] for row in rows]

    async def letters(self) -> list[dict[str, Any]]:
        """All dead letters, the oldest first."""
        return [dict(row) for row in await self.connection.fetch("SELECT * FROM dead_letters ORDER BY died_at, id")]

    async def effects(self) -> list[int]:
        """The numbers that the probe's handlers have recorded, sorted."""
        return [row["number"] for row in await self.connection.fetch("SELECT number FROM probe_effects ORDER BY number")]


@pytest_asyncio.fixture
async def ledger(owner: asyncpg.Connection) -> Ledger:
    await owner.execute(tasks.TABLES)
    return Ledger(owner)
