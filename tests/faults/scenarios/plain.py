"""Messages of plain Celery clients, which no producer's row brings back: only what the broker holds can."""

import asyncio
from typing import Final
from uuid import uuid4

from celery import Celery

from shared.testing.probe.contracts import CallProbe, RecordProbe, RecordProbeAlone
from shared.testing.wait import eventually
from tests.faults.scenario import Scenario
from tests.faults.scenarios.kills import workers_of
from tests.faults.scenarios.standard import standard
from tests.faults.world import QUICK_LANES, World

UNACKED: Final = "unacked:analytics:" + "+".join(sorted(lane.partition(".")[2] for lane in QUICK_LANES[1].split(",")))
KINDS: Final = ((RecordProbe, "analytics.normal"), (RecordProbeAlone, "analytics.realtime"), (CallProbe, "analytics.normal"))


async def kill_in_hand(world: World) -> None:
    """kill -9 of the worker while it has a delivery in hand, or its child, in turn, under messages of a plain client."""
    stop = asyncio.Event()
    sending = asyncio.create_task(_send(world, stop))
    (worker,) = workers_of(world)
    for kill in range(1, 7):
        await world.pause(0.5, 1.5)
        await eventually(lambda: _frozen_in_hand(world), 20, "the worker has nothing in hand", every_s=0.003)
        if kill % 2:
            restarts = world.restarts[worker.name]
            worker.kill9()
            await world.back(worker, restarts + 1)
        else:
            worker.kill_child()
            worker.resume()
    stop.set()
    await sending


async def _frozen_in_hand(world: World) -> bool:
    """Stop it and look: between the broker's answer and the note that the worker makes of it, Celery would lose the message."""
    (worker,) = workers_of(world)
    if not await world.redis.hlen(UNACKED):
        return False
    worker.pause()
    if await world.redis.hlen(UNACKED) and worker.child.children():
        return True
    worker.resume()
    return False


async def _send(world: World, stop: asyncio.Event) -> None:
    client = Celery("client", broker=world.valkey.url(), set_as_current=False)
    while not stop.is_set() or len(world.plain) < 300:
        kind, lane = world.random.choice(KINDS)
        message_id = uuid4()
        world.plain.add(message_id)
        fields = {"number": world.number()}
        await asyncio.to_thread(client.send_task, kind.contract.name, kwargs=fields, queue=lane, task_id=str(message_id))
        await asyncio.sleep(0.02)
    await asyncio.to_thread(client.close)


SCENARIOS: Final = (
    Scenario("plain clients, worker killed", standard, kill_in_hand, repeats=True, per_s=60, messages=1000, recovery_s=60),
)
