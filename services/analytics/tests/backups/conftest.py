"""Drills are the server's: one at a time, and each drops what an earlier one may have left behind."""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest_asyncio

from shared.testing.database import FreshDatabase

_TURN: Final = 0x7761_7962_6472


@pytest_asyncio.fixture(autouse=True)
async def turn(fresh: FreshDatabase) -> AsyncIterator[None]:
    """No other process of these tests drills meanwhile."""
    connection = await asyncpg.connect(fresh.address.url())
    await connection.execute("SELECT pg_advisory_lock($1)", _TURN)
    yield
    await connection.close()
