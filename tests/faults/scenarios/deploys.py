"""Deploys: versions that meet, workers that are replaced."""

import asyncio
import signal
from typing import Final

from tests.faults.scenario import Scenario
from tests.faults.scenarios.kills import workers_of
from tests.faults.world import World


async def outdated(world: World) -> None:
    """A worker of the version before, to which the messages are unknown."""
    await world.ready(world.relay("trips"), world.relay("analytics"), world.worker(PROBE_OUTDATED="1"))


async def replace(world: World) -> None:
    """The new version takes over after a while; what was unknown has been parked."""
    (old,) = workers_of(world)
    await world.pause(3, 5)
    world.retired.append(old)
    await asyncio.to_thread(old.stop)
    await world.ready(world.worker())


async def consumer_first(world: World) -> None:
    """The worker and its relay are there before anybody publishes; the producer's relay comes later and is replaced twice."""
    await world.ready(world.relay("analytics"), world.worker())


async def producer_later(world: World) -> None:
    """Relays of the producer, one after the other."""
    for _ in range(3):
        relay = world.relay("trips")
        await world.ready(relay)
        await world.pause(1, 2)
        world.retired.append(relay)
        await asyncio.to_thread(relay.stop)
    await world.ready(world.relay("trips"))


async def rolling(world: World) -> None:
    """SIGTERM to one worker after the other, under load; each ends by itself and is started again."""
    for _ in range(4):
        for worker in workers_of(world):
            await world.pause(0.3, 1.0)
            restarts = world.restarts[worker.name]
            worker.child.send(signal.SIGTERM)
            await world.back(worker, restarts + 1)


async def two(world: World) -> None:
    """Two workers, so that one is there while the other is replaced."""
    await world.ready(world.relay("trips"), world.relay("analytics"), world.worker(), world.worker())


SCENARIOS: Final = (
    Scenario("deploy: producer first", outdated, replace, recovery_s=60, smoke=True),
    Scenario("deploy: consumer first", consumer_first, producer_later),
    Scenario("deploy: workers replaced in turn", two, rolling),
)
