"""Faults of the broker: wiped, killed, full, cut off."""

import asyncio
from typing import Final

from shared.runtime.broker import BROKER_ERRORS
from shared.testing.wait import eventually
from tests.faults.scenario import Scenario
from tests.faults.scenarios.standard import behind, reset_all, standard
from tests.faults.world import World


async def wipe(world: World) -> None:
    """FLUSHALL twenty times."""
    for _ in range(20):
        await world.pause(0.2, 0.7)
        await world.redis.flushall()


async def kill_and_restart(world: World) -> None:
    """kill -9, away for a moment, back with whatever it kept."""
    for _ in range(4):
        await world.pause(0.5, 1.5)
        world.valkey.kill()
        await world.pause(0.1, 2.0)
        await asyncio.to_thread(world.valkey.start)


async def fill_up(world: World) -> None:
    """No room for a single write, three times, for a few seconds each."""
    for _ in range(3):
        await world.pause(0.5, 1.0)
        await world.redis.config_set("maxmemory-policy", "noeviction")
        await world.redis.config_set("maxmemory", 1)
        await world.pause(2.0, 3.0)
        await world.redis.config_set("maxmemory", 0)
        await eventually(lambda: _writable(world), 10, "the broker takes no writes")


async def _writable(world: World) -> bool:
    try:
        return bool(await world.redis.set("room", b"1", ex=1))
    except BROKER_ERRORS:
        return False


async def behind_proxy(world: World) -> None:
    """Processes that reach the broker through a proxy."""
    port = await behind(world, world.valkey.port)
    url = world.valkey.url().replace(f":{world.valkey.port}/", f":{port}/")
    relays = [world.relay(service, REDIS_URL=url) for service in ("trips", "analytics")]
    await world.ready(*relays, world.worker(REDIS_URL=url))


async def half_open(world: World) -> None:
    """Connections that stay open and carry nothing."""
    for _ in range(2):
        await world.pause(0.5, 1.0)
        world.network.stall()
        await world.pause(6.0, 8.0)
        world.network.reset()
        world.network.flow()
        await world.pause(3.0, 4.0)


async def refuse(world: World) -> None:
    """Away: connections cut, new ones refused."""
    for _ in range(3):
        await world.pause(0.5, 1.0)
        await world.network.refuse()
        world.network.cut()
        await world.pause(1.0, 3.0)
        await world.network.accept()


SCENARIOS: Final = (
    Scenario("broker wiped", standard, wipe, smoke=True),
    Scenario("broker killed, nothing kept", standard, kill_and_restart, repeats=True),
    Scenario("broker killed, everything kept", standard, kill_and_restart, repeats=True, durable_broker=True),
    Scenario("broker full", standard, fill_up),
    Scenario("broker connections reset", behind_proxy, reset_all, repeats=True, recovery_s=60),
    Scenario("broker connections half-open", behind_proxy, half_open, repeats=True, recovery_s=60),
    Scenario("broker refuses connections", behind_proxy, refuse, repeats=True, recovery_s=60),
)
