"""How long urgent mails take beside a long queue of bulk mails, and with nothing beside them; and what bulk loses by it."""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Final
from uuid import UUID

from bench.email import messages
from bench.email.mail_server import MailServer, serving
from bench.email.path import Producer
from bench.stack import Stack, cpu_percent
from shared.contracts.lanes import NOTIFICATIONS_BULK, lanes_of
from shared.runtime.clock import system_clock
from shared.runtime.settings import ServiceSettings

BAR_MS: Final = 500.0
DRAIN_S: Final = 600.0
ARRIVE_S: Final = 30.0
QUEUEING: Final = 1000
SEED: Final = 7
APP: Final = "services.notifications.worker"
HEADER: Final = (
    "urgent mails | p50 ms | p99 ms | max ms | bulk mails/s | during s | queued before | still queued after | lost | doubled"
)
NOTE: Final = (
    "A worker of its own for notifications.bulk and one for the other lanes, each with the same number of children. The bulk\n"
    "lane is paused while its mails are queued, as an operator pauses a lane, and then runs as fast as it can: nothing holds it\n"
    "back. Its rate is that of what the mail server took while the urgent mails were sent, or in as long without them.\n"
    "Milliseconds are from the begin of the commit that asks for an urgent mail to the mail server's acceptance; the mails come\n"
    "at random moments, independent of each other's answers, from a process that also hosts the relay of all these messages."
)


@dataclass
class Phase:
    """One phase. delays_s: of urgent mails that have arrived. rate: bulk mails per second over `seconds`."""

    name: str
    urgent: list[UUID] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    rate: float = 0.0
    seconds: float = 0.0
    queued: int = 0
    left: int = 0
    lost: int = 0
    doubled: int = 0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def p99_ms(self) -> float:
        return 1000 * quantiles(self.delays_s, n=100, method="inclusive")[98] if len(self.delays_s) > 1 else float("nan")

    def show(self) -> None:
        """Print it, under HEADER."""
        p50, worst = (1000 * median(self.delays_s), 1000 * max(self.delays_s)) if self.delays_s else (0.0, 0.0)
        delays = f"{p50:.0f} | {self.p99_ms:.0f} | {worst:.0f}" if self.delays_s else "- | - | -"
        figures = f"{len(self.urgent)} | {delays} | {self.rate:,.0f} | {self.seconds:.0f}"
        cpu = ", ".join(f"{name} {used:.0f}" for name, used in self.cpu.items())
        print(
            f"{self.name}:\n  {figures} | {self.queued:,} | {self.left:,} | {self.lost} | {self.doubled}\n  CPU %: {cpu}",
            flush=True,
        )


async def measure(stack: Stack, settings: ServiceSettings, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many mails were lost or doubled."""
    print(
        f"\n== urgent mails beside {options.queued:,} bulk mails, {options.children} children for bulk, as many for other lanes"
    )
    async with (
        serving(stack, pipelining=not options.no_pipelining) as server,
        _workers(stack, server, options) as pids,
        Producer(stack, settings) as producer,
    ):
        measuring = _Measuring(server, producer, {**pids, **stack.pids(), "sink": server.pid}, options)
        await measuring.warm_up()
        print(HEADER)
        idle = await measuring.phase("urgent alone, an idle bulk lane", queued=0, urgent=options.urgent)
        alone = await measuring.phase("bulk alone", queued=options.queued, urgent=0)
        beside = await measuring.phase("urgent beside bulk", queued=options.queued, urgent=options.urgent)
    for one in (alone, beside):
        if not one.left:
            print(
                f"\n{one.name}: the queue ran dry within {one.seconds:.0f} s, so its figures are too good; give a larger --queued"
            )
    kept, times = beside.rate / alone.rate, beside.p99_ms / idle.p99_ms
    print(
        f"\nurgent p99 beside bulk: {beside.p99_ms:.0f} ms (bar {BAR_MS:.0f} ms), {times:.1f} times that with an idle bulk lane"
    )
    print(f"bulk beside urgent: {beside.rate:,.0f}/s, {kept:.0%} of the {alone.rate:,.0f}/s without urgent mails\n\n{NOTE}")
    return sum(one.lost + one.doubled for one in (idle, alone, beside))


@asynccontextmanager
async def _workers(stack: Stack, server: MailServer, options: argparse.Namespace) -> AsyncIterator[dict[str, int]]:
    """The deployment that docs/services/notifications.md recommends; the pids of its workers."""
    mail = server.settings(pool_size=max(1, options.connections // options.children))
    rest = ",".join(lane.name for lane in lanes_of("notifications") if lane is not NOTIFICATIONS_BULK)
    concurrency = ("--concurrency", str(options.children))
    async with (
        stack.worker(APP, "notifications", "-Q", NOTIFICATIONS_BULK.name, *concurrency, name="bulk", **mail) as bulk,
        stack.worker(APP, "notifications", "-Q", rest, *concurrency, name="rest", **mail) as other,
    ):
        yield {"bulk worker": bulk.pid, "other worker": other.pid}


class _Measuring:
    def __init__(self, server: MailServer, producer: Producer, pids: dict[str, int], options: argparse.Namespace) -> None:
        self._server = server
        self._producer = producer
        self._pids = pids
        self._per_s: float = options.per_second
        self._window_s: float = options.urgent / options.per_second
        self._random = random.Random(SEED)

    async def warm_up(self) -> None:
        """Let each child open its connections."""
        await self._producer.publish_all(2000, messages.gated)
        for number in range(20):
            await self._producer.publish_one(messages.urgent(number))
        await self._producer.finished(DRAIN_S)

    async def phase(self, name: str, *, queued: int, urgent: int) -> Phase:
        """Queue bulk mails, send urgent ones while they drain, and wait for the rest of both."""
        phase, since = Phase(name), system_clock()
        await self._server.reset()
        if queued:
            await self._queue(phase, queued)
        with cpu_percent(self._pids, phase.cpu):
            await self._run(phase, urgent)
        await self._producer.finished(DRAIN_S)
        received, distinct = await self._server.counts()
        recorded = await self._producer.recorded(since)
        phase.lost = queued + urgent - min(distinct, recorded.least)
        phase.doubled = received - distinct
        phase.show()
        return phase

    async def _queue(self, phase: Phase, count: int) -> None:
        await self._producer.pause(NOTIFICATIONS_BULK)
        await self._producer.publish_all(count, messages.gated, transaction=QUEUEING)
        phase.queued = await self._producer.waiting(NOTIFICATIONS_BULK)
        await self._producer.resume(NOTIFICATIONS_BULK)
        while phase.queued and (await self._server.counts())[0] == 0:
            await asyncio.sleep(0.01)

    async def _run(self, phase: Phase, urgent: int) -> None:
        """The window in which the rate of the bulk mails counts."""
        started, (before, _) = time.monotonic(), await self._server.counts()
        asked = await self._stream(urgent) if urgent else {}
        if not urgent:
            await asyncio.sleep(self._window_s)
        phase.seconds, (after, _) = time.monotonic() - started, await self._server.counts()
        phase.left = await self._producer.waiting(NOTIFICATIONS_BULK)
        arrived = await self._arrivals(asked)
        phase.urgent = list(asked)
        phase.delays_s = [moment - asked[key] for key, moment in arrived.items()]
        of_urgent = sum(moment < started + phase.seconds for moment in arrived.values())
        phase.rate = (after - before - of_urgent) / phase.seconds

    async def _stream(self, count: int) -> dict[UUID, float]:
        """Ask for urgent mails at random moments. Returns when the commit of each began."""
        sending, at = [], time.monotonic()
        for number in range(count):
            at += self._random.expovariate(self._per_s)
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            sending.append(asyncio.create_task(self._producer.publish_one(messages.urgent(number))))
        return dict(await asyncio.gather(*sending))

    async def _arrivals(self, asked: dict[UUID, float]) -> dict[UUID, float]:
        """When the mails were taken. Those that have not come after a while are left out, and counted as lost."""
        deadline, found = time.monotonic() + ARRIVE_S, dict[UUID, float]()
        while len(found) < len(asked) and time.monotonic() < deadline:
            moments = await self._server.accepted_at(list(asked))
            found = {key: moment for key, moment in zip(asked, moments, strict=True) if moment is not None}
            await asyncio.sleep(0.05)
        return found
