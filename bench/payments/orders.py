"""Idempotent creation of orders over HTTP at an even rate: how long it takes, beside a bare endpoint that only writes."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Final
from uuid import uuid4

import asyncpg

from bench.payments.api import OURS as OUR_APP
from bench.payments.api import Api, served
from bench.payments.bare_orders import TABLES
from bench.stack import Stack, as_owner, cpu_of
from deploy.sandbox.posting import Poster

OURS: Final = "POST /v1/orders"
PEER: Final = "a bare FastAPI endpoint on asyncpg"
POSTGRES: Final = "postgres"
BAR_MS: Final = 25.0
REPEATED: Final = 20
"""Each so-manieth request is one that was made before, with its key."""
WARM_UP_S: Final = 2.0
CUSTOMERS: Final = 50
HEADER: Final = "requests | p50 ms | p99 ms | max ms | CPU ms per request: APIs and their relays | postgres"
NOTE: Final = (
    f"bar: p99 of at most {BAR_MS:.0f} ms. Times are from the moment at which a request was due: none hides behind a late\n"
    "one. Requests go to the processes in turn, as a load balancer sends them. Each order has two lines, is priced and taxed,\n"
    "has a history, and tells the customer and others by message; an API hosts its relay, as `make run` has it. The bare\n"
    "endpoint writes three rows in a transaction and has no access."
)
_PRODUCTS: Final = ("CHAIR-1", "TABLE-1")


@dataclass(slots=True)
class Round:
    """What came of one round; times in milliseconds."""

    times: list[float] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    refused: int = 0
    cpu: dict[str, float] = field(default_factory=dict)

    def at(self, share: float) -> float:
        """The time within which this share was answered."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(stack: Stack, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many orders were lost, made twice or refused."""
    asked = f"{options.rate:.0f} requests/s for {options.seconds:.0f} s, each {REPEATED}th a repetition"
    print(f"\n== Orders: {asked}; {options.replicas} processes of the API")
    await as_owner(stack, "payments", TABLES)
    async with AsyncExitStack() as running:

        async def replicas(app: str) -> list[Api]:
            return [await running.enter_async_context(served(stack, app)) for _ in range(options.replicas)]

        apis, bare = await replicas(OUR_APP), await replicas("bench.payments.bare_orders:app")
        bodies = await _prepare(apis[0])
        print(HEADER)
        rounds: dict[str, list[Round]] = {OURS: [], PEER: []}
        for _ in range(options.rounds):
            for name, servers in ((OURS, apis), (PEER, bare)):
                if name == OURS or not options.no_peers:
                    rounds[name].append(await _round(stack, servers, bodies, options))
                    _show(name, rounds[name][-1])
        wrong = await _wrong(stack, rounds[OURS])
    _sum_up(rounds)
    return wrong


async def _prepare(api: Api) -> list[bytes]:
    """A shop with customers; the bodies of requests."""
    await api.ask("POST", "/v1/legal-entities", {"name": "Oak & Sons", "gstin": "27AAPFU0939F1ZV"})
    for sku in _PRODUCTS:
        price = {"unit_price_minor": 125_050, "currency": "INR", "tax_rate_bp": 1800}
        await api.ask("POST", "/v1/products", {"sku": sku, "name": "Oak", "hsn_sac": "940161", **price})
    ann = {"name": "Ann Pillai", "state_code": "27"}
    made = [await api.ask("POST", "/v1/customers", {**ann, "email": f"ann{place}@example.com"}) for place in range(CUSTOMERS)]
    lines = [{"sku": sku, "quantity": 2} for sku in _PRODUCTS]
    return [json.dumps({"customer_id": one["id"], "currency": "INR", "lines": lines}).encode() for one in made]


async def _round(stack: Stack, servers: Sequence[Api], bodies: list[bytes], options: argparse.Namespace) -> Round:
    """An even rate, whatever the answers do."""
    await _offer(servers, bodies, rate=options.rate, seconds=WARM_UP_S, into=(warm := Round()))
    found, used = Round(keys=warm.keys, refused=warm.refused), dict[str, float]()
    with cpu_of({**{server.url: server.pid for server in servers}, POSTGRES: stack.pids()["postgres"]}, used):
        await _offer(servers, bodies, rate=options.rate, seconds=options.seconds, into=found)
    database = used.pop(POSTGRES)
    found.cpu = {name: 1000 * one / len(found.times) for name, one in (("api", sum(used.values())), (POSTGRES, database))}
    return found


async def _offer(servers: Sequence[Api], bodies: list[bytes], *, rate: float, seconds: float, into: Round) -> None:
    poster, loop, asked = Poster(timeout_s=30), asyncio.get_running_loop(), list[tuple[str, bytes]]()
    began = loop.time()

    async def ask(number: int, due: float) -> None:
        repeated = number % REPEATED == REPEATED - 1
        key, body = asked[number // 2] if repeated else (str(uuid4()), bodies[number % len(bodies)])
        asked.append((key, body))
        server = servers[number % len(servers)]
        status = await poster.post(f"{server.url}/v1/orders", body, {**server.headers, "Idempotency-Key": key})
        into.times.append(1000 * (loop.time() - due))
        into.keys.add(key)
        # Where answers come late, the first request may still be under way, and its repetition is told so.
        into.refused += status != 201 and not (repeated and status == 409)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            if (ahead := due - loop.time()) > 0:
                await asyncio.sleep(ahead)
            group.create_task(ask(number, due))
    await poster.close()


def _show(name: str, found: Round) -> None:
    cpu = " | ".join(f"{used:.1f}" for used in found.cpu.values())
    print(
        f"{len(found.times):,} | {found.at(0.5):.1f} | {found.at(0.99):.1f} | {max(found.times):.0f} | {cpu} ({name})", flush=True
    )


async def _wrong(stack: Stack, rounds: list[Round]) -> int:
    connection = await asyncpg.connect(stack.database_url("payments_owner"))
    written: int = await connection.fetchval("SELECT count(*) FROM payments.orders")
    await connection.close()
    asked, refused = sum(len(one.keys) for one in rounds), sum(one.refused for one in rounds)
    print(f"\n{asked:,} keys were used for orders, {written:,} orders are there, {refused} requests were refused")
    return abs(asked - written) + refused


def _sum_up(rounds: dict[str, list[Round]]) -> None:
    for name, found in rounds.items():
        if found:
            p50, p99 = median(one.at(0.5) for one in found), median(one.at(0.99) for one in found)
            print(f"  {name}: medians of {len(found)} rounds: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"\n{NOTE}")
