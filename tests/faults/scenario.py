"""A scenario, how it is run, and when it has passed."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.db import is_away
from tests.faults import checker
from tests.faults.checker import Counts
from tests.faults.load import MIXED, Mix, offer
from tests.faults.servers import Servers, world_of
from tests.faults.world import World

SMOKE_SHARE: Final = 0.3
"""How many of a scenario's messages a smoke run offers."""
SMOKE_PACE: Final = 0.6
"""How fast, for machines that have other work as well."""


class Audit(Protocol):
    """Counts what became of what a scenario has set off: the checker, where that is the load of probes."""

    async def settled(self, world: World) -> bool:
        """Whether nothing waits anywhere any more."""
        ...

    async def stuck(self, world: World) -> str:
        """Where what is not settled waits, for people."""
        ...

    async def count(self, world: World) -> Counts:
        """Count everything."""
        ...


@dataclass(frozen=True)
class Scenario:
    """start: brings up the processes. nemesis: does the harm, while the load is on.

    repeats: a call to the outside may be made twice, for messages whose process died between the call and its record.
    recovery_s: how long it may take from the end of fault and load until everything is confirmed.
    must_show: a mutant run, in which a guarantee is off, passes only if the checker finds this.
    audit: who counts. A scenario that brings its own sets off what it counts by itself, and has no load.
    """

    name: str
    start: Callable[[World], Awaitable[None]]
    nemesis: Callable[[World], Awaitable[None]]
    messages: int = 2000
    per_s: float = 250
    mix: Mix = field(default_factory=lambda: MIXED)
    repeats: bool = False
    recovery_s: float = 30
    smoke: bool = False
    durable_broker: bool = False
    must_show: str | None = None
    audit: Audit = checker


@dataclass
class Result:
    """problems: kind to sentence, with what a mutant must show among them. notes: where what was not settled waits."""

    scenario: Scenario
    counts: Counts
    problems: dict[str, str]
    recovery_s: float
    seconds: float
    notes: list[str]

    @property
    def passed(self) -> bool:
        if self.scenario.must_show is not None:
            return self.scenario.must_show in self.problems
        return not self.problems


async def run(servers: Servers, scenario: Scenario, *, smoke: bool, logs: Path | None = None) -> Result:
    """Carry out one scenario and count. logs: where the logs of its processes are copied to."""
    started = time.monotonic()
    async with world_of(servers, scenario.name, durable_broker=scenario.durable_broker) as world:
        messages, per_s = scenario.messages, scenario.per_s
        if smoke:
            messages, per_s = int(messages * SMOKE_SHARE), per_s * SMOKE_PACE
        broken = await _carry_out(world, scenario, messages, per_s)
        ended = time.monotonic()
        quiet = await _quiet(world, scenario.audit, ended + scenario.recovery_s)
        recovery_s = time.monotonic() - ended
        if not quiet and scenario.must_show is None:
            world.notes.append(await scenario.audit.stuck(world))
        counts = await scenario.audit.count(world)
        problems = {**broken, **_judge(scenario, counts, quiet)}
        result = Result(scenario, counts, problems, recovery_s, time.monotonic() - started, world.notes)
        if logs is not None:
            shutil.copytree(world.folder, logs / world.folder.name, ignore=shutil.ignore_patterns("valkey"), dirs_exist_ok=True)
        return result


async def _carry_out(world: World, scenario: Scenario, messages: int, per_s: float) -> dict[str, str]:
    """Start, load and nemesis. One that does not go as planned is a problem like any other, and what happened is counted."""
    over = asyncio.Event()
    broken: dict[str, str] = {}

    async def harm() -> None:
        try:
            await scenario.nemesis(world)
        finally:
            over.set()

    try:
        await scenario.start(world)
        async with asyncio.TaskGroup() as group:
            group.create_task(harm())
            group.create_task(offer(world, scenario.mix, messages=messages, per_s=per_s, until=over))
    except* Exception as errors:  # noqa: BLE001  # whatever it was, it is told, and the next scenario runs
        broken["broken"] = "; ".join(f"{type(error).__name__}: {error}" for error in errors.exceptions)
    return broken


async def _quiet(world: World, audit: Audit, deadline: float) -> bool:
    while time.monotonic() < deadline:
        try:
            if await audit.settled(world):
                return True
        except BROKER_ERRORS:
            pass
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(0.1)
    return False


def _judge(scenario: Scenario, counts: Counts, quiet: bool) -> dict[str, str]:
    found = {
        "lost": (counts.lost, "messages without their effect"),
        "doubled": (counts.doubled, "effects too many"),
        "unexpected": (counts.unexpected, "effects of messages that must have none"),
        "buried": (counts.wrongly_buried, "dead letters of good messages"),
        "repeated": (
            counts.forbidden if scenario.repeats else counts.repeated,
            "calls repeated though no process died over them",
        ),
        "uncalled": (counts.not_called, "effects recorded without a call"),
    }
    problems = {kind: f"{number} {meaning}" for kind, (number, meaning) in found.items() if number}
    if counts.letters != counts.letters_expected:
        problems["letters"] = f"dead letters {dict(counts.letters)}, expected {dict(counts.letters_expected)}"
    if not quiet:
        waiting = f"{counts.unconfirmed} unconfirmed at the producer and {counts.pending} pending at the consumer"
        problems["unconfirmed"] = f"not quiet after {scenario.recovery_s:g} s: {waiting}"
    return problems
