"""Our side: mails published in transactions, carried by relay and worker, recorded in the database."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bench.stack import Stack, cpu_percent
from shared.contracts.lanes import NOTIFICATIONS_BULK, Lane
from shared.contracts.message import Command
from shared.runtime.broker import Hint, connect
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.runner import run
from shared.runtime.settings import ServiceSettings

TRANSACTION = 100
POLL_S = 0.02
GIVE_UP_S = 120.0
RELAY_LOOKS_EVERY_S = 0.5

Make = Callable[[int], Command]

_UNCONFIRMED = text("SELECT EXISTS (SELECT FROM outbox)")
_WAITING = text("SELECT count(*) FROM outbox WHERE lane = :lane")
# Confirmed means that the worker's inbox has it, and only what has ended is not in one of these states.
_UNFINISHED = text("SELECT EXISTS (SELECT FROM inbox WHERE state IN (1, 2, 3, 4))")
_RECORDED = text("""
    SELECT (SELECT count(*) FROM deliveries WHERE status = 'sent' AND finished_at >= :since) AS deliveries,
           (SELECT count(*) FROM delivery_attempts WHERE outcome = 'accepted' AND finished_at >= :since) AS attempts,
           (SELECT count(*) FROM inbox WHERE state = 0 AND finished_at >= :since) AS done,
           (SELECT count(DISTINCT finished_at) FROM inbox WHERE finished_at >= :since) AS records
""")
_PAUSE = text("INSERT INTO lane_pauses (lane, reason, paused_by) VALUES (:lane, 'bench', 'bench')")
_RESUME = text("DELETE FROM lane_pauses WHERE lane = :lane")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Of how many mails each of the tables says that they were sent. records: transactions that wrote results."""

    deliveries: int
    attempts: int
    done: int
    records: int

    @property
    def least(self) -> int:
        return min(self.deliveries, self.attempts, self.done)


@dataclass
class Figures:
    """One round. cpu: percent of one core over the round; others: what else the machine did, which tells how far the
    round can be trusted."""

    seconds: float = 0.0
    published_s: float = 0.0
    recorded: Recorded = Recorded(0, 0, 0, 0)
    cpu: dict[str, float] = field(default_factory=dict)


class Producer:
    """Publishes inside the process that also hosts the producer's relay, as an API with RELAY_IN_API does."""

    def __init__(self, stack: Stack, settings: ServiceSettings) -> None:
        self._client = connect(stack.valkey.url(), name="bench")
        url = stack.database_url("trips_app")
        self._hint = Hint(self._client, "trips")
        self._database = Database(url, name="bench", pool_size=6, on_publish=self._hint)
        self._consumer = Database(stack.database_url("notifications_app"), name="bench-reader", pool_size=1)
        self._settings = settings
        self._published = 0
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
        await self._database.close()
        await self._consumer.close()

    async def round(self, count: int, pids: dict[str, int], make: Make) -> Figures:
        """Publish so many mails and wait until all of them are sent, recorded and confirmed."""
        since = system_clock()
        figures = Figures()
        started = time.perf_counter()
        with cpu_percent(pids, figures.cpu):
            await self.publish_all(count, make)
            figures.published_s = time.perf_counter() - started
            await self.finished(GIVE_UP_S)
            figures.seconds = time.perf_counter() - started
        figures.recorded = await self.recorded(since)
        return figures

    async def publish_all(self, count: int, make: Make, *, transaction: int = TRANSACTION) -> None:
        """Publish so many mails on the bulk lane, each to somebody who has had none before."""
        numbers = range(self._published, self._published + count)
        self._published += count
        for first in range(0, count, transaction):
            async with self._database.unit_of_work() as session:
                for number in numbers[first : first + transaction]:
                    publish(session, make(number), lane=NOTIFICATIONS_BULK)

    async def publish_one(self, message: Command) -> tuple[UUID, float]:
        """Publish one message on its first lane. Returns its id, and when its commit began by the monotonic clock."""
        async with self._database.unit_of_work() as session:
            message_id = publish(session, message)
            return message_id, time.monotonic()

    async def pause(self, lane: Lane) -> None:
        """Keep a lane's messages in the outbox, as an operator does; returns when the relay has heard of it."""
        async with self._database.unit_of_work() as session:
            await session.execute(_PAUSE, {"lane": lane.name})
        await asyncio.sleep(2 * RELAY_LOOKS_EVERY_S)

    async def resume(self, lane: Lane) -> None:
        """Send them again; the relay hears of it within half a second."""
        async with self._database.unit_of_work() as session:
            await session.execute(_RESUME, {"lane": lane.name})

    async def waiting(self, lane: Lane) -> int:
        """How many of a lane's messages the consumer does not hold yet."""
        async with self._database.read() as session:
            return int((await session.execute(_WAITING, {"lane": lane.name})).scalar_one())

    async def finished(self, within_s: float) -> None:
        """Wait until everything is sent, recorded and confirmed, or the time is over: what is missing then is counted as lost."""
        deadline = time.perf_counter() + within_s
        while await self._unfinished() and time.perf_counter() < deadline:
            await asyncio.sleep(POLL_S)

    async def recorded(self, since: datetime) -> Recorded:
        """What the tables say of the mails since that moment."""
        async with self._consumer.read() as session:
            return Recorded(*(await session.execute(_RECORDED, {"since": since})).one())

    async def _unfinished(self) -> bool:
        async with self._database.read() as session:
            if (await session.execute(_UNCONFIRMED)).scalar_one():
                return True
        async with self._consumer.read() as session:
            return bool((await session.execute(_UNFINISHED)).scalar_one())
