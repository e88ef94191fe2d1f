"""The parts of a relay in this process, on the test's own database and broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.runtime.db import driver_url
from shared.runtime.http.settings import HttpSettings
from shared.runtime.relay.runner import PLANNER, Relay, open_relay


@asynccontextmanager
async def pool_of(url: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    """A pool as the relay makes it."""
    async with asyncpg.create_pool(driver_url(url), min_size=0, max_size=3, server_settings=PLANNER) as pool:
        yield pool


@asynccontextmanager
async def running_relay(settings: HttpSettings) -> AsyncIterator[Relay]:
    """A relay that runs until the block ends."""
    stop = asyncio.Event()
    async with open_relay(settings) as relay:
        task = asyncio.create_task(relay.run(stop))
        try:
            yield relay
        finally:
            stop.set()
            await task
