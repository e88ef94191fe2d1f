"""Offers messages at an even rate and waits until all of them are confirmed."""

import asyncio
import os
import time
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.stack import Stack, cpu_of
from shared.contracts.message import Command
from shared.runtime.broker import Hint, connect
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.runner import run
from shared.runtime.settings import ServiceSettings
from shared.testing.probe.contracts import RecordProbe, RecordProbeAlone

TICK_S = 0.005
TRANSACTION = 100

_RESULTS = text("""
    SELECT count(*) AS effects, count(DISTINCT number) AS numbers,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99, max(ms) AS worst,
           extract(epoch FROM max(effect_at) - min(occurred_at)) AS seconds
      FROM (SELECT number, occurred_at, effect_at, extract(epoch FROM effect_at - occurred_at) * 1000 AS ms
              FROM probe_effects) AS one
""")


@dataclass
class Figures:
    """Rates per second, latencies in milliseconds from the producer's transaction to the effect, CPU in percent of one core."""

    offered: int
    sent: int = 0
    delivered_per_s: float = 0.0
    batch: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    worst: float = 0.0
    lost: int = 0
    doubled: int = 0
    confirmed_after_s: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)


class Producer:
    """Publishes inside the process that also hosts the producer's relay, as an API with RELAY_IN_API does."""

    def __init__(self, stack: Stack, settings: ServiceSettings) -> None:
        self._client = connect(stack.valkey.url(), name="bench")
        url = stack.database_url("trips_app")
        self.database = Database(url, name="bench", pool_size=6, on_publish=Hint(self._client, "trips"))
        self._settings = settings
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Producer":
        self._running = asyncio.create_task(run(self._settings, self._stop, entries=()))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._running is not None:
            await self._running
        await self._client.aclose()
        await self.database.close()

    async def offer(self, message_type: type[Command], rate: int, seconds: float) -> int:
        """Publish `rate` messages a second, evenly, at most 100 in a transaction. Returns how many."""
        number, started = 0, time.perf_counter()
        waiting: set[asyncio.Task[None]] = set()
        while (elapsed := time.perf_counter() - started) < seconds:
            due = int(elapsed * rate) - number
            for first in range(number, number + due, TRANSACTION):
                task = asyncio.create_task(self._commit(message_type, range(first, min(first + TRANSACTION, number + due))))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
            number += due
            await asyncio.sleep(TICK_S)
        await asyncio.gather(*waiting)
        return number

    async def _commit(self, message_type: type[Command], numbers: range) -> None:
        async with self.database.unit_of_work() as session:
            for number in numbers:
                publish(session, message_type.model_validate({"number": number}))

    async def unconfirmed(self) -> int:
        async with self.database.read() as session:
            return int((await session.execute(text("SELECT count(*) FROM outbox"))).scalar_one())


async def measure(
    stack: Stack, producer: Producer, worker_pid: int, *, rate: int, seconds: float, alone: bool = False
) -> Figures:
    """One row of the table."""
    figures = Figures(rate)
    message_type = RecordProbeAlone if alone else RecordProbe
    consumer = Database(stack.database_url("analytics_app"), name="bench-reader", pool_size=1)
    async with consumer.unit_of_work() as session:
        await session.execute(text("DELETE FROM probe_effects"))
    pids = {
        "relay+producer": os.getpid(),
        "worker": worker_pid,
        "postgres": stack.postgres.process.pid,
        "valkey": stack.valkey.process.pid,
    }
    cpu: dict[str, float] = {}
    deliveries = await _deliveries(stack)
    started = time.perf_counter()
    with cpu_of(pids, cpu):
        figures.sent = await producer.offer(message_type, rate, seconds)
        offered_s = time.perf_counter() - started
        while await producer.unconfirmed() and time.perf_counter() - started < seconds * 4 + 20:
            await asyncio.sleep(0.02)
        figures.confirmed_after_s = time.perf_counter() - started - offered_s
    total_s = offered_s + figures.confirmed_after_s
    async with consumer.read() as session:
        row = (await session.execute(_RESULTS)).one()
    await consumer.close()
    figures.lost, figures.doubled = figures.sent - row.numbers, row.effects - row.numbers
    figures.p50, figures.p99, figures.worst = float(row.p50 or 0), float(row.p99 or 0), float(row.worst or 0)
    figures.delivered_per_s = row.effects / float(row.seconds or 1)
    figures.batch = row.effects / max(1, await _deliveries(stack) - deliveries)
    figures.cpu = {name: 100 * used / total_s for name, used in cpu.items()}
    return figures


async def _deliveries(stack: Stack) -> int:
    """How many deliveries the broker has handed to workers: BRPOP calls that returned one end in an acknowledgement."""
    client = connect(stack.valkey.url(), name="bench-count")
    stats = await client.info("commandstats")
    await client.aclose()
    return int(stats.get("cmdstat_hdel", {}).get("calls", 0))
