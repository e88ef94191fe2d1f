"""Faults of PostgreSQL: restarted, crashed, sessions ended."""

import asyncio
import time
from typing import Final

import asyncpg

from tests.faults.scenario import Scenario
from tests.faults.scenarios.kills import workers_of
from tests.faults.scenarios.standard import behind, reset_all, standard
from tests.faults.world import World

GIVES_UP_S: Final = 4.0
"""Less than the scaled time limit of a batch, after which a result that cannot be recorded is left to its lease."""
_END_SOME: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.7
"""


async def restart(world: World) -> None:
    """A fast shutdown, as of a package upgrade."""
    for _ in range(4):
        await world.pause(0.5, 1.5)
        await asyncio.to_thread(world.postgres.restart)


async def crash(world: World) -> None:
    """kill -9 of all its processes, and recovery from the log."""
    for _ in range(4):
        await world.pause(0.5, 1.5)
        children = {child.pid for worker in workers_of(world) for child in worker.child.children()}
        began = time.monotonic()
        await asyncio.to_thread(world.postgres.kill)
        await world.pause(0.1, 2.0)
        await asyncio.to_thread(world.postgres.start)
        if time.monotonic() - began > GIVES_UP_S:
            # A slow machine: what they had called for could not be recorded in time, and is called for again.
            world.frozen |= children


async def end_sessions(world: World) -> None:
    """Most sessions ended, twenty times."""
    admin = await asyncpg.connect(world.database.admin_url)
    try:
        for _ in range(20):
            await world.pause(0.2, 0.7)
            await admin.execute(_END_SOME)
    finally:
        await admin.close()


async def behind_proxy(world: World) -> None:
    """Processes that reach the database through a proxy."""
    port = await behind(world, world.postgres.address.port)

    def url(service: str) -> str:
        return world.database.url(service).replace(f":{world.postgres.address.port}/", f":{port}/")

    relays = [world.relay(service, DATABASE_URL=url(service)) for service in ("trips", "analytics")]
    await world.ready(*relays, world.worker(DATABASE_URL=url("analytics")))


async def stall(world: World) -> None:
    """Nothing passes for a few seconds, twice; then every connection breaks."""
    for _ in range(2):
        await world.pause(0.5, 1.0)
        world.network.stall()
        await world.pause(3.0, 5.0)
        world.network.reset()
        world.network.flow()
        await world.pause(1.0, 2.0)


SCENARIOS: Final = (
    Scenario("database restarted", standard, restart, repeats=True),
    Scenario("database crashed", standard, crash, repeats=True, smoke=True),
    Scenario("database sessions ended", standard, end_sessions, repeats=True),
    Scenario("database connections reset", behind_proxy, reset_all, repeats=True),
    Scenario("database connections stalled", behind_proxy, stall, repeats=True),
)
