"""kill -9 of every process, at random moments and at every failpoint."""

from collections.abc import Awaitable, Callable
from typing import Final

from shared.testing.probe.contracts import CallProbe, RecordProbe, RecordProbeAlone
from shared.testing.process import ServiceProcess, WorkerProcess
from shared.testing.wait import eventually
from tests.faults import failpoints
from tests.faults.failpoints import Trap
from tests.faults.load import MIXED, Mix
from tests.faults.scenario import Scenario
from tests.faults.scenarios.standard import standard
from tests.faults.world import Relay, World

Step = Callable[[World], Awaitable[None]]

CALLING: Final = frozenset({"effect.before_call", "effect.called", "effect.before_record", "effect.recorded"})
"""Failpoints at which other calls of the same batch may be under way, made and not recorded."""


def workers_of(world: World) -> list[WorkerProcess]:
    """The workers, in the order in which they were started."""
    return [process for process in world.processes.started if isinstance(process, WorkerProcess)]


def relays_of(world: World) -> list[Relay]:
    """The relays of both services."""
    return [process for process in world.processes.started if isinstance(process, Relay)]


def kill_main(times: int) -> Step:
    """kill -9 of the worker's main process."""

    async def nemesis(world: World) -> None:
        (worker,) = workers_of(world)
        for kill in range(1, times + 1):
            await world.pause(0.3, 2.0)
            worker.kill9()
            await world.back(worker, kill)

    return nemesis


async def kill_frozen(world: World) -> None:
    """Stop the worker while it waits for the broker and kill it: deliveries that were popped into its socket are nowhere then."""
    (worker,) = workers_of(world)
    for kill in range(1, 5):
        await world.pause(0.3, 1.0)
        worker.pause()
        await world.pause(0.2, 0.6)
        worker.kill9()
        await world.back(worker, kill)


def kill_child(times: int) -> Step:
    """kill -9 of the child that carries out deliveries."""

    async def nemesis(world: World) -> None:
        (worker,) = workers_of(world)
        for _ in range(times):
            await world.pause(0.0, 0.8)
            await world.recovered()
            await eventually(lambda: bool(worker.child.children()), 20, "the worker has no child")
            worker.kill_child()

    return nemesis


def kill_relays(times: int) -> Step:
    """kill -9 of one relay or the other."""

    async def nemesis(world: World) -> None:
        for _ in range(times):
            await world.pause(0.3, 1.5)
            victim: ServiceProcess = world.random.choice(relays_of(world))
            restarts = world.restarts[victim.name]
            victim.kill9()
            await world.back(victim, restarts + 1)

    return nemesis


async def fire(world: World, trap: Trap, name: str) -> None:
    """Let a failpoint fire once, and wait until it has."""
    await world.pause(0.0, 0.3)
    await world.recovered()
    trap.set(name)
    await eventually(lambda: trap.fired(name), 30, f"nothing has passed {name}")


def at_failpoints(kind: str, names: tuple[str, ...], times: int) -> tuple[Step, Step]:
    """Start and nemesis: let each failpoint kill its process so many times. kind: child, main, relay or api.

    A main process passes no failpoints itself: its child stops at one, and then main and child are killed.
    """

    def trap(world: World) -> Trap:
        return Trap(world.folder, "stop" if kind == "main" else "kill", *names)

    async def start(world: World) -> None:
        bitten = trap(world).environment()
        relays, worker = bitten if kind == "relay" else {}, bitten if kind in ("child", "main") else {}
        producer = world.producer_api(**bitten) if kind == "api" else world.relay("trips", **relays)
        await world.ready(producer, world.relay("analytics", **relays), world.worker(**worker))

    async def nemesis(world: World) -> None:
        for name in names * times:
            await fire(world, trap(world), name)
            if kind == "main":
                (worker,) = workers_of(world)
                restarts = world.restarts[worker.name]
                worker.kill9()
                await world.back(worker, restarts + 1)

    return start, nemesis


def _at(kind: str, name: str, shape: str, mix: Mix) -> Scenario:
    start, nemesis = at_failpoints(kind, (name,), 5)
    return Scenario(f"{kind} killed at {name}{shape}", start, nemesis, mix=mix, per_s=200, repeats=name in CALLING)


def _all(kind: str, names: tuple[str, ...], *, smoke: bool = False) -> Scenario:
    start, nemesis = at_failpoints(kind, names, 1)
    return Scenario(f"{kind} killed at every failpoint", start, nemesis, repeats=kind in ("child", "main"), smoke=smoke)


SCENARIOS: Final = (
    Scenario("worker main killed at random", standard, kill_main(8), repeats=True),
    Scenario("worker frozen, then killed", standard, kill_frozen, repeats=True),
    Scenario("worker child killed at random", standard, kill_child(20), repeats=True),
    Scenario("relays killed at random", standard, kill_relays(10)),
    _all("main", failpoints.of_worker()),
    _all("child", failpoints.of_worker(), smoke=True),
    _all("relay", failpoints.of_relay(), smoke=True),
    _all("api", failpoints.of_relay()),
    *(_at("child", name, ", light batches", {RecordProbe: 1}) for name in failpoints.of_light()),
    *(_at("child", name, ", light alone", {RecordProbeAlone: 1}) for name in failpoints.of_light()),
    *(_at("child", name, ", effects", {CallProbe: 1}) for name in failpoints.of_effects()),
    *(_at("relay", name, "", MIXED) for name in failpoints.of_relay()),
)
