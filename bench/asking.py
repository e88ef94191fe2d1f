"""Asking a service's worker for work as the service does: by its outbox, in the process that hosts the relay."""

import asyncio
import importlib
import time
from typing import Any, Final, Self
from uuid import UUID

import asyncpg

from bench.stack import Stack
from shared.contracts.message import Message
from shared.runtime.broker import Hint, connect
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.runner import run as run_relay

GIVE_UP_S: Final = 600.0


class Asking:
    """Connections and the relay of one service. admin: as the server's own superuser, who may empty what nobody else may."""

    admin: asyncpg.Connection

    def __init__(self, stack: Stack, service: str) -> None:
        self.stack = stack
        self._service = service
        self._client = connect(stack.valkey.url(), name="bench")
        self._database = Database(stack.database_url(f"{service}_app"), name="bench", on_publish=Hint(self._client, service))
        settings: Any = importlib.import_module(f"services.{service}.settings").settings
        # Each part of a benchmark has servers of its own; what an earlier part has read names those that are gone.
        settings.cache_clear()
        self._settings = settings()
        self._stop = asyncio.Event()
        self._relay: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._relay = asyncio.create_task(run_relay(self._settings, self._stop))
        self.admin = await asyncpg.connect(self.stack.postgres.address.url("waybill"))
        await self.admin.execute(f"SET search_path = {self._service}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._relay is not None:
            await self._relay
        await self.admin.close()
        await self._client.aclose()
        await self._database.close()

    async def ask(self, message: Message, *, finished: str, poll_s: float) -> tuple[float, UUID]:
        """Seconds from the publishing transaction to the end of what it asks for, and its id.

        finished: a query that says of an id whether that has ended.
        """
        began = time.perf_counter()
        async with self._database.unit_of_work() as session:
            run_id = publish(session, message)
        while not await self.admin.fetchval(finished, run_id):
            assert time.perf_counter() - began < GIVE_UP_S, "the run did not end"
            await asyncio.sleep(poll_s)
        return time.perf_counter() - began, run_id
