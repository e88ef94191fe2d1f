"""Requests at an even rate, whatever the answers do, and what came of them."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final
from uuid import uuid4

from bench.payments.api import Api
from bench.stack import Stack, cpu_of
from deploy.sandbox.posting import Poster

POSTGRES: Final = "postgres"
WARM_UP_S: Final = 2.0
HEADER: Final = "requests | p50 ms | p99 ms | max ms | CPU ms per request: APIs and their relays | postgres"
BAR_MS: Final = 25.0
BAR: Final = (
    f"bar: p99 of at most {BAR_MS:.0f} ms at 200 requests/s, for a read by id and a plain write with an idempotency key. Times\n"
    "are from the moment at which a request was due: none hides behind a late one. Requests go to the processes in turn, as a\n"
    "load balancer sends them. An API hosts its relay, as `make run` has it."
)
REPEATED: Final = 20
"""Each so-manieth request under a key is one that was made before."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One of them. headers: beyond those of everybody's."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Keyed:
    """POSTs under idempotency keys, some of them repeated. body: that of a number's request."""

    def __init__(self, path: str, body: Callable[[int], bytes]) -> None:
        self._path = path
        self._body = body
        self._made: list[Request] = []

    def __call__(self, number: int) -> Request:
        """The request of a number."""
        if number % REPEATED == REPEATED - 1:
            return self._made[len(self._made) // 2]
        request = Request("POST", self._path, self._body(number), {"Idempotency-Key": str(uuid4())})
        self._made.append(request)
        return request

    @property
    def made(self) -> int:
        """How many there are, repetitions apart."""
        return len(self._made)


@dataclass(slots=True)
class Round:
    """What came of one round; times in milliseconds."""

    times: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)

    def at(self, share: float) -> float:
        """The time within which this share was answered."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(slots=True)
class Asked:
    """Servers that are asked in turn. make: the request of a number, made when it is due. good: the status of a good answer."""

    name: str
    servers: Sequence[Api]
    make: Callable[[int], Request]
    good: int
    rounds: list[Round] = field(default_factory=list)
    answered: list[tuple[Request, int]] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many were answered otherwise. A repetition is told that the first is still under way, where answers come late."""
        times = Counter(request for request, _ in self.answered)
        return sum(status != self.good and not (status == 409 and times[request] > 1) for request, status in self.answered)

    async def round(self, stack: Stack, *, rate: float, seconds: float) -> None:
        """One more, after a short one of which only the answers count."""
        poster = Poster(timeout_s=30)
        await self._ask(poster, rate=rate, seconds=WARM_UP_S)
        used = dict[str, float]()
        with cpu_of({**{server.url: server.pid for server in self.servers}, POSTGRES: stack.pids()["postgres"]}, used):
            found = await self._ask(poster, rate=rate, seconds=seconds)
        await poster.close()
        database = used.pop(POSTGRES)
        found.cpu = {name: 1000 * one / len(found.times) for name, one in (("api", sum(used.values())), (POSTGRES, database))}
        self.rounds.append(found)

    async def _ask(self, poster: Poster, *, rate: float, seconds: float) -> Round:
        loop, into, first = asyncio.get_running_loop(), Round(), len(self.answered)
        began = loop.time()

        async def ask(number: int, due: float) -> None:
            server, request = self.servers[number % len(self.servers)], self.make(number)
            headers = {**server.headers, **request.headers}
            status = await poster.ask(request.method, f"{server.url}{request.path}", request.body, headers)
            into.times.append(1000 * (loop.time() - due))
            self.answered.append((request, status))

        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = began + number / rate
                if (ahead := due - loop.time()) > 0:
                    await asyncio.sleep(ahead)
                group.create_task(ask(first + number, due))
        return into

    def show(self) -> None:
        """The last round, as a line under HEADER."""
        last = self.rounds[-1]
        cpu = " | ".join(f"{used:.1f}" for used in last.cpu.values())
        times = f"{last.at(0.5):.1f} | {last.at(0.99):.1f} | {max(last.times):.0f}"
        print(f"{len(last.times):,} | {times} | {cpu} ({self.name})", flush=True)


async def take_turns(stack: Stack, options: argparse.Namespace, asked: Sequence[Asked]) -> None:
    """So many rounds of each, printed as they end, and then their medians."""
    print(HEADER)
    for _ in range(options.rounds):
        for each in asked:
            await each.round(stack, rate=options.rate, seconds=options.seconds)
            each.show()
    for each in asked:
        p50, p99 = median(one.at(0.5) for one in each.rounds), median(one.at(0.99) for one in each.rounds)
        print(f"  {each.name}: medians of {options.rounds} rounds: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
