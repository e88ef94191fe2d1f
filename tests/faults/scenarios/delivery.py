"""Messages that come more than once, workers that come back from the dead, receipts that do not come."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import psutil

from shared.testing.probe.contracts import CallProbe
from shared.testing.process import WorkerProcess
from shared.testing.wait import eventually
from tests.faults.books import rows
from tests.faults.failpoints import Trap
from tests.faults.load import Mix
from tests.faults.scenario import Scenario
from tests.faults.scenarios.kills import fire, workers_of
from tests.faults.world import World

Step = Callable[[World], Awaitable[None]]
BEFORE_RECORD: Final = "batch.recorded_early"
FROZEN: Final[Mix] = {CallProbe: 1}
"""Many calls to a batch, because the trap springs while others are under way: with the last one made, the end of the delivery's
time would cancel the record, and no fence would be asked."""
_LEFT: Final = """
    SELECT count(*) AS messages FROM probe_attempts
     WHERE pid = :pid AND NOT EXISTS (SELECT 1 FROM probe_effects WHERE message_id = probe_attempts.message_id)
"""


async def nothing(_: World) -> None:
    """The fault is in how the processes were started."""


def thrice(workers: int, **extra: str) -> Step:
    """Relays that push every envelope three times."""

    async def start(world: World) -> None:
        relays = [world.relay(service, module="tests.faults.tripling_relay") for service in ("trips", "analytics")]
        await world.ready(*relays, *(world.worker(**extra) for _ in range(workers)))

    return start


def two_workers(**extra: str) -> Step:
    """Two, so that one can take over from the other."""

    async def start(world: World) -> None:
        bitten = {**_trap(world).environment(), **extra}
        await world.ready(world.relay("trips"), world.relay("analytics"), world.worker(**bitten), world.worker(**bitten))

    return start


def _trap(world: World) -> Trap:
    return Trap(world.folder, "stop", BEFORE_RECORD)


def freeze(times: int) -> Step:
    """Stop a worker between calls and record until another has done its work; its child wakes first, and tries to record."""

    async def nemesis(world: World) -> None:
        for _ in range(times):
            await fire(world, _trap(world), BEFORE_RECORD)
            await eventually(lambda: bool(_frozen(world)), 10, "no child has stopped")
            ((worker, child),) = _frozen(world)
            worker.pause()
            world.frozen.add(child.pid)
            await eventually(partial(_taken_over, world, child.pid), 40, "nobody takes the work over", every_s=0.2)
            child.resume()
            await asyncio.sleep(1)
            worker.resume()

    return nemesis


def _frozen(world: World) -> list[tuple[WorkerProcess, psutil.Process]]:
    """The worker whose child has stopped at the failpoint, and that child."""
    pairs = [(worker, child) for worker in workers_of(world) for child in worker.child.children()]
    return [pair for pair in pairs if pair[1].status() == psutil.STATUS_STOPPED]


async def _taken_over(world: World, pid: int) -> bool:
    (row,) = await rows(world.consumer, _LEFT, pid=pid)
    return bool(row.messages == 0)


async def swallow_receipts(world: World) -> None:
    """A worker without receipts for longer than they are awaited for, then one with."""
    (deaf,) = workers_of(world)
    await asyncio.sleep(15)
    world.retired.append(deaf)
    await asyncio.to_thread(deaf.stop)
    await world.ready(world.worker())


async def _deaf(world: World) -> None:
    await world.ready(world.relay("trips"), world.relay("analytics"), world.worker(WAYBILL_MUTANT="receipts"))


SCENARIOS: Final = (
    Scenario("every delivery thrice, one worker", thrice(1), nothing, smoke=True),
    Scenario("every delivery thrice, two workers at once", thrice(2), nothing),
    Scenario("worker frozen beyond its lease", two_workers(), freeze(3), per_s=300, mix=FROZEN, repeats=True, recovery_s=60),
    Scenario("receipts swallowed for a while", _deaf, swallow_receipts, recovery_s=90, per_s=130),
    Scenario("mutant: no inbox", thrice(1, WAYBILL_MUTANT="inbox"), nothing, messages=600, must_show="doubled", smoke=True),
    Scenario(
        "mutant: no lease fence",
        two_workers(WAYBILL_MUTANT="fence"),
        freeze(1),
        messages=1200,
        per_s=300,
        mix=FROZEN,
        repeats=True,
        recovery_s=60,
        must_show="doubled",
        smoke=True,
    ),
    Scenario("mutant: no receipts", _deaf, nothing, messages=600, recovery_s=14, must_show="unconfirmed", smoke=True),
)
