"""The world of one scenario: its servers, its processes and what a nemesis may do to them."""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import redis.asyncio as redis

from shared.contracts.message import Message
from shared.runtime import broker
from shared.runtime.db import Database, is_away
from shared.runtime.outbox import publish
from shared.testing.database import FreshDatabase
from shared.testing.process import ApiProcess, Processes, ServiceProcess, WorkerProcess
from shared.testing.proxy import FaultProxy
from shared.testing.servers import PostgresServer, ValkeyServer
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually
from tests.faults.books import Books, one

WORKER_APP: Final = "shared.testing.probe.worker"
QUICK_LANES: Final = ("-Q", "analytics.critical,analytics.realtime,analytics.normal")
"""The probe's lanes; all have a hard limit of 60 s, so the group's visibility time-out is 120 s, before scaling."""
RESTART_AFTER_S: Final = 0.2
PROGRESS: Final = 20
_DONE: Final = "SELECT count(*) FROM inbox WHERE state = 0"
_SUSPECTED: Final = "SELECT count(*) FROM inbox WHERE state IN (1, 2, 3) AND crashes > 0"


class Relay(ServiceProcess):
    """A relay with the probe's messages. Ready when somebody listens to the service's hints."""

    def __init__(self, name: str, program: tuple[str, ...], environment: dict[str, str], folder: Path, world: "World") -> None:
        self._world, self._channel = world, broker.hint_channel(program[-1])
        super().__init__(name, [sys.executable, "-m", *program], environment, folder)

    async def _is_ready(self) -> bool:
        return bool((await self._world.redis.pubsub_numsub(self._channel))[0][1])


@dataclass
class World:
    """processes: keeps them running as a supervisor would, unless they are in `retired`.

    injected: reasons of dead letters that the nemesis has caused besides what the messages themselves ask for.
    books: where the effects are counted. closing: what is ended with the world, after its processes.
    plain: ids of what plain Celery clients sent, which have no row at a producer.
    frozen: processes that were stopped, or without their database, for longer than their lease.
    """

    postgres: PostgresServer
    valkey: ValkeyServer
    database: FreshDatabase
    producer: Database
    consumer: Database
    books: Books
    redis: "redis.Redis"
    processes: Processes
    keys: SigningKeys
    folder: Path
    random: random.Random
    restarts: Counter[str] = field(default_factory=Counter)
    retired: list[ServiceProcess] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    plain: set[UUID] = field(default_factory=set)
    frozen: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    numbers: int = 0
    proxy: FaultProxy | None = None
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def ledger(self) -> Path:
        """What the effect has done outside: a line per call."""
        return self.folder / "ledger"

    @property
    def network(self) -> FaultProxy:
        """What lies between the processes and the server that the scenario has put behind it."""
        assert self.proxy is not None, "the scenario's start opens it"
        return self.proxy

    def worker(self, *arguments: str, lanes: Sequence[str] = QUICK_LANES, **extra: str) -> WorkerProcess:
        """A worker of the consumer with the probe's handlers."""
        extra = {"PROBE_LEDGER": str(self.ledger), "LOG_LEVEL": "INFO", **extra}
        return self.processes.worker("analytics", "--concurrency", "1", *lanes, *arguments, app=WORKER_APP, **extra)

    def relay(self, service: str, *, module: str = "shared.testing.probe.relay", **extra: str) -> Relay:
        """A relay that knows the probe's messages."""
        name = f"{service}-relay-{len(self.processes.started) + 1}"
        environment = self.processes.environment(service, **extra)
        relay = Relay(name, (module, service), environment, self.folder, self)
        self.processes.started.append(relay)
        return relay

    def producer_api(self, **extra: str) -> ApiProcess:
        """The producer's API, which hosts its relay."""
        return self.processes.api("trips", app="tests.faults.trips_api:app", RELAY_IN_API="true", **extra)

    async def ready(self, *processes: ServiceProcess) -> None:
        """Wait until all are at work."""
        await asyncio.gather(*(process.ready() for process in processes))

    async def publish(self, *messages: Message) -> bool:
        """Publish in one transaction of the producer. False when the database was away, committed or not."""
        try:
            async with self.producer.unit_of_work() as session:
                for message in messages:
                    publish(session, message)
        except Exception as error:
            if is_away(error):
                return False
            raise
        return True

    def number(self) -> int:
        """A number that no other message has."""
        self.numbers += 1
        return self.numbers

    async def keep_running(self) -> None:
        """Start again what has ended."""
        while True:
            await asyncio.sleep(0.05)
            for process in list(self.processes.started):
                if process.exit_code is None or process in self.retired:
                    continue
                await asyncio.sleep(RESTART_AFTER_S)
                self.restarts[process.name] += 1
                process.restart()

    async def back(self, process: ServiceProcess, restarts: int) -> None:
        """Wait until a killed process has been started again, the given number of times in all, and is at work."""
        await eventually(lambda: self.restarts[process.name] >= restarts, 30, f"{process.name} was not started again")
        await process.ready()

    async def kill(self, process: ServiceProcess) -> None:
        """kill -9, and wait until it has been started again and is at work."""
        restarts = self.restarts[process.name]
        process.kill9()
        await self.back(process, restarts + 1)

    async def kill_child(self, process: ServiceProcess) -> None:
        """kill -9 of the worker's youngest child; its main process makes another one."""
        await eventually(lambda: bool(process.child.children()), 20, f"{process.name} has no child")
        process.kill_child()

    async def recovered(self) -> None:
        """Wait until the worker gets on and has finished whatever a process has died over.

        A message over which three processes die is poison; faults that come faster would make innocent ones look like it.
        """
        done = await one(self.consumer, _DONE)

        async def gets_on() -> bool:
            return await one(self.consumer, _DONE) >= done + PROGRESS and not await one(self.consumer, _SUSPECTED)

        await eventually(gets_on, 60, "the worker does not recover", every_s=0.1)

    async def pause(self, least_s: float, most_s: float) -> None:
        """Let a random time pass: a fault comes when it comes."""
        await asyncio.sleep(self.random.uniform(least_s, most_s))
