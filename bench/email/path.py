"""Our side: mails published in transactions of 100, carried by relay and worker, recorded in the database."""

import asyncio
import os
import time
from dataclasses import dataclass, field

import psutil
from sqlalchemy import text

from bench.email import mails
from bench.stack import Stack, cpu_of
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import SendEmail
from shared.runtime.broker import Hint, connect
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.runner import run
from shared.runtime.settings import ServiceSettings

TRANSACTION = 100
POLL_S = 0.02
GIVE_UP_S = 120.0

_UNCONFIRMED = text("SELECT EXISTS (SELECT FROM outbox)")
# Confirmed means that the worker's inbox has it, and only what has ended is not in one of these states.
_UNFINISHED = text("SELECT EXISTS (SELECT FROM inbox WHERE state IN (1, 2, 3, 4))")
_RECORDED = text("""
    SELECT (SELECT count(*) FROM deliveries WHERE status = 'sent' AND finished_at >= :since) AS deliveries,
           (SELECT count(*) FROM delivery_attempts WHERE outcome = 'accepted' AND finished_at >= :since) AS attempts,
           (SELECT count(*) FROM inbox WHERE state = 0 AND finished_at >= :since) AS done,
           (SELECT count(DISTINCT finished_at) FROM inbox WHERE finished_at >= :since) AS records
""")


@dataclass
class Figures:
    """One round. records: transactions that wrote results. cpu: percent of one core over the round; others: what
    else the machine did, which tells how far the round can be trusted."""

    seconds: float = 0.0
    published_s: float = 0.0
    deliveries: int = 0
    attempts: int = 0
    done: int = 0
    records: int = 0
    cpu: dict[str, float] = field(default_factory=dict)

    def recorded(self) -> tuple[int, int, int]:
        """Of how many mails each of the tables says that they were sent."""
        return self.deliveries, self.attempts, self.done


class Producer:
    """Publishes inside the process that also hosts the producer's relay, as an API with RELAY_IN_API does."""

    def __init__(self, stack: Stack, settings: ServiceSettings) -> None:
        self._client = connect(stack.valkey.url(), name="bench")
        url = stack.database_url("trips_app")
        self._database = Database(url, name="bench", pool_size=6, on_publish=Hint(self._client, "trips"))
        self._consumer = Database(stack.database_url("notifications_app"), name="bench-reader", pool_size=1)
        self._settings = settings
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Producer":
        self._running = asyncio.create_task(run(self._settings, self._stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._running is not None:
            await self._running
        await self._client.aclose()
        await self._database.close()
        await self._consumer.close()

    async def round(self, count: int, pids: dict[str, int]) -> Figures:
        """Publish so many mails and wait until all of them are sent, recorded and confirmed."""
        since = system_clock()
        figures, cpu = Figures(), dict[str, float]()
        started, busy = time.perf_counter(), _busy_s()
        with cpu_of({"relay+producer": os.getpid(), **pids}, cpu):
            for first in range(0, count, TRANSACTION):
                await self._publish(range(first, min(first + TRANSACTION, count)))
            figures.published_s = time.perf_counter() - started
            while await self._unfinished() and time.perf_counter() - started < GIVE_UP_S:
                await asyncio.sleep(POLL_S)
            figures.seconds = time.perf_counter() - started
        cpu["others"] = max(0.0, _busy_s() - busy - sum(cpu.values()))
        figures.cpu = {name: 100 * used / figures.seconds for name, used in cpu.items()}
        async with self._consumer.read() as session:
            row = (await session.execute(_RECORDED, {"since": since})).one()
        figures.deliveries, figures.attempts, figures.done, figures.records = row
        return figures

    async def _publish(self, numbers: range) -> None:
        async with self._database.unit_of_work() as session:
            for number in numbers:
                message = SendEmail(to_email=mails.recipient(number), subject=mails.subject(number), body=mails.body(number))
                publish(session, message, lane=NOTIFICATIONS_BULK)

    async def _unfinished(self) -> bool:
        async with self._database.read() as session:
            if (await session.execute(_UNCONFIRMED)).scalar_one():
                return True
        async with self._consumer.read() as session:
            return bool((await session.execute(_UNFINISHED)).scalar_one())


def _busy_s() -> float:
    """Seconds for which the machine's cores have worked on anything."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)
