"""Messages that cannot be carried out, of each kind, among good ones."""

import asyncio
from typing import Final

import orjson
from celery import Celery

from shared.testing.probe.contracts import Behaviour, CallProbe, RecordProbe, RecordProbeAlone
from tests.faults.scenario import Scenario
from tests.faults.scenarios.standard import standard
from tests.faults.world import World

KINDS: Final = (RecordProbe, RecordProbeAlone, CallProbe)


async def _spread(world: World, behaviour: Behaviour, times: int) -> None:
    for turn in range(times):
        await world.pause(0.1, 0.6)
        kind = KINDS[turn % len(KINDS)]
        good = [RecordProbe(number=world.number()) for _ in range(world.random.randint(0, 5))]
        await world.publish(*good, kind(number=world.number(), behave=behaviour), *good[:0])


async def killing(world: World) -> None:
    """Messages that kill the child that handles them."""
    await _spread(world, "kill", 6)


async def hanging(world: World) -> None:
    """Messages that block the child's loop for ever."""
    await _spread(world, "hang", 3)


async def failing(world: World) -> None:
    """Bugs, refusals, messages that are pointless, and passing failures."""
    for behaviour in ("bug", "permanent", "drop", "transient") * 5:
        await _spread(world, behaviour, 3)


async def junk(world: World) -> None:
    """What strangers push: no JSON, no envelope, no task, wrong fields, foreign encodings."""
    client = Celery("stranger", broker=world.valkey.url(), set_as_current=False)
    for turn in range(60):
        await world.pause(0.02, 0.1)
        for lane in ("analytics.normal", "analytics.realtime"):
            await world.redis.lpush(lane, *_unreadable(lane, turn))
        await asyncio.to_thread(
            client.send_task, "analytics.record_probe", kwargs={"number": "many", "turn": turn}, queue="analytics.normal"
        )
        await asyncio.to_thread(
            client.send_task, "analytics.record_probe", args=[[turn]], kwargs={"behave": "nothing"}, queue="analytics.normal"
        )
        world.injected.update({"bad_envelope": 6, "bad_body": 4, "invalid_payload": 2})
    await asyncio.to_thread(client.close)


async def impatient(world: World) -> None:
    """The consumer's relay keeps unknown names for 18 s in the place of an hour."""
    await world.ready(world.relay("trips"), world.relay("analytics", WAYBILL_TIME_FACTOR="0.005"), world.worker())


async def unknown(world: World) -> None:
    """Names that no version of the consumer will ever know."""
    client = Celery("stranger", broker=world.valkey.url(), set_as_current=False)
    for turn in range(20):
        await world.pause(0.1, 0.3)
        await asyncio.to_thread(client.send_task, "analytics.no_such_task", kwargs={"turn": turn}, queue="analytics.normal")
        world.injected["unknown_task"] += 1
    await asyncio.to_thread(client.close)


def _unreadable(lane: str, turn: int) -> list[bytes]:
    properties = {"delivery_tag": f"{lane}-{turn}", "delivery_info": {"exchange": "", "routing_key": lane}}
    json = {"properties": properties, "content-type": "application/json", "content-encoding": "utf-8"}
    pickle = {"properties": properties, "content-type": "application/x-python-serialize", "content-encoding": "binary"}
    task = {"task": "analytics.record_probe", "id": f"stranger-{lane}-{turn}"}
    envelopes = (
        {"lane": lane, "turn": turn},
        {"body": '{"number": 1}', "headers": {}, **json},
        {"body": "{", "headers": task, **json},
        {"body": "x", "headers": task, **pickle},
    )
    return [f"turn {turn} on {lane}, not JSON".encode(), *(orjson.dumps(envelope) for envelope in envelopes)]


async def quick(world: World) -> None:
    """A worker whose hard limit of 60 s is 3 s."""
    await world.ready(world.relay("trips"), world.relay("analytics"), world.worker(WAYBILL_TIME_FACTOR="0.05"))


SCENARIOS: Final = (
    Scenario("poison: kills its process", standard, killing, repeats=True, smoke=True, recovery_s=60),
    Scenario("poison: hangs", quick, hanging, repeats=True, recovery_s=120),
    Scenario("poison: bugs and refusals", standard, failing, recovery_s=60),
    Scenario("poison: unknown names", impatient, unknown, recovery_s=60),
    Scenario("poison: junk of every kind", standard, junk, recovery_s=60, smoke=True),
)
