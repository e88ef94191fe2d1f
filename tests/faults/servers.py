"""The servers of one run, and the world of one scenario on them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from shared.runtime import broker
from shared.runtime.db import Database
from shared.testing import template
from shared.testing.database import FreshDatabase
from shared.testing.home import temporary_home
from shared.testing.probe import tasks
from shared.testing.process import Processes
from shared.testing.servers import PostgresServer, ValkeyServer
from shared.testing.tokens import SigningKeys
from tests.faults.books import ProbeBooks
from tests.faults.world import World

_POSTGRES: Final = {"autovacuum_naptime": "2s", "max_wal_size": "1GB"}

_SENT: Final = """
    CREATE TABLE probe_sent (
        id uuid PRIMARY KEY, name text NOT NULL, lane text NOT NULL, behave text NOT NULL, sends integer NOT NULL DEFAULT 0
    );
    CREATE FUNCTION note_sent() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO probe_sent (id, name, lane, behave)
        SELECT id, name, lane, coalesce(body->>'behave', 'ok') FROM fresh;
        RETURN NULL;
    END $$;
    CREATE FUNCTION note_sends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE probe_sent SET sends = gone.sends FROM gone WHERE probe_sent.id = gone.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_sent AFTER INSERT ON outbox REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION note_sent();
    CREATE TRIGGER note_sends AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION note_sends();
"""
"""The producer's own ledger: written by the transactions that publish, so that a commit whose answer was lost counts as well."""


@dataclass(frozen=True)
class Servers:
    """What all scenarios of a run share. home: logs and files."""

    home: Path
    postgres: PostgresServer
    keys: SigningKeys
    seed: str


@asynccontextmanager
async def running(seed: str) -> AsyncIterator[Servers]:
    """A PostgreSQL that keeps its promises (fsync on), with the template of all services' schemas."""
    with temporary_home() as home:
        postgres = PostgresServer(home, durable=True, options=_POSTGRES)
        postgres.start()
        try:
            await template.build(postgres.address)
            yield Servers(home, postgres, SigningKeys(home), seed)
        finally:
            postgres.stop(keep=False)


@asynccontextmanager
async def world_of(servers: Servers, name: str, *, durable_broker: bool = False) -> AsyncIterator[World]:
    """A database, a broker and a folder for one scenario; everything in it is ended with the block."""
    folder = servers.home / name.replace(" ", "-").replace("/", "-")
    folder.mkdir()
    valkey = ValkeyServer(folder, durable=durable_broker)
    valkey.start()
    database = await template.clone(servers.postgres.address)
    try:
        async with AsyncExitStack() as stack:
            fresh = FreshDatabase(servers.postgres.address, database, stack)
            await _prepare(fresh)
            client = broker.connect(valkey.url(), name="faults")
            stack.push_async_callback(client.aclose)
            producer = Database(fresh.url("trips"), name="faults", pool_size=4, on_publish=broker.Hint(client, "trips"))
            stack.push_async_callback(producer.close)
            processes = Processes(fresh, valkey.url(), servers.keys, folder)
            world = World(
                postgres=servers.postgres,
                valkey=valkey,
                database=fresh,
                producer=producer,
                consumer=fresh.open("analytics", pool_size=2),
                books=ProbeBooks(folder / "ledger"),
                redis=client,
                processes=processes,
                keys=servers.keys,
                folder=folder,
                random=random.Random(f"{servers.seed}:{name}"),
            )
            async with _kept(world.keep_running):
                yield world
            for process in processes.started:
                process.child.kill()
            await world.closing.aclose()
    finally:
        valkey.process.kill()
        await template.drop(servers.postgres.address, database)


async def _prepare(fresh: FreshDatabase) -> None:
    for service, statements in (("trips", _SENT), ("analytics", tasks.TABLES)):
        owner = await asyncpg.connect(fresh.owner_url(service))
        await owner.execute(f"SET search_path = {service}; {statements}")
        await owner.close()


@asynccontextmanager
async def _kept(loop: Callable[[], Any]) -> AsyncIterator[None]:
    task = asyncio.create_task(loop())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
