"""Print mails per second through the whole path, beside a bare aiosmtplib loop against the same mail server."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

import uvloop

from bench.email import mails
from bench.email.path import Figures, Producer
from bench.stack import Stack, running
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.wait import eventually

WARM_UP: Final = 1000
OURS: Final = "outbox → relay → worker → recorded"
BAR: Final = "aiosmtplib sendmail, ready bytes"
PEERS: Final = {
    BAR: ("bytes",),
    "the same on uvloop": ("bytes", "--uvloop"),
    "aiosmtplib send_message, EmailMessage": ("message",),
}
NOTE: Final = (
    "bar: at least 80 % of aiosmtplib's sendmail with ready bytes, on asyncio's own loop; uvloop is the hard limit.\n"
    "The mail server is a process of its own that reads each mail to its end, counts it by its Message-ID and keeps nothing;\n"
    "aiosmtplib sends one command at a time, the worker uses PIPELINING where it is announced (--no-pipelining: it is not)."
)


@dataclass(frozen=True)
class Sink:
    """The mail server's process."""

    port: int
    pid: int

    async def ask(self, command: bytes) -> tuple[int, int]:
        """Mails and distinct Message-IDs since the last XRESET."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await reader.readline()
        writer.write(command + b"\r\n")
        words = (await reader.readline()).split()
        writer.close()
        await writer.wait_closed()
        return int(words[1]), int(words[2])


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when a mail was lost or doubled."""
    parser = argparse.ArgumentParser(prog="bench email", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="mails per round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each, taking turns")
    parser.add_argument("--children", type=int, default=2, help="processes of the worker")
    parser.add_argument("--connections", type=int, default=8, help="to the mail server, of all children together")
    parser.add_argument("--no-pipelining", action="store_true", help="a mail server that wants one command at a time")
    parser.add_argument("--no-peers", action="store_true")
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    async with running() as stack, _sink(stack, options) as sink:
        os.environ.update(stack.environment("trips"))
        from services.trips.settings import settings

        smtp = {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(sink.port),
            "SMTP_TLS": "none",
            "SMTP_FROM": mails.SENDER,
            "SIGNING_KEYS": "k1:a-secret-for-tests-only",
            "ADDRESS_HASH_KEY": "another-secret-for-tests",
            "SMTP_POOL_SIZE": str(max(1, options.connections // options.children)),
        }
        concurrency = ("--concurrency", str(options.children))
        async with (
            stack.worker("services.notifications.worker", "notifications", *concurrency, **smtp) as worker,
            Producer(stack, settings()) as producer,
        ):
            pids = {
                "worker": worker.pid,
                "postgres": stack.postgres.process.pid,
                "valkey": stack.valkey.process.pid,
                "sink": sink.pid,
            }
            return await _rounds(sink, producer, pids, options)


async def _rounds(sink: Sink, producer: Producer, pids: dict[str, int], options: argparse.Namespace) -> int:
    """Ours and each peer in turn, so that what else the machine does falls on all of them."""
    print(f"{options.count:,} mails, {options.connections} connections, worker with {options.children} children, fsync on")
    print("mails/s | published s | records | CPU %: relay+producer | worker | postgres | valkey | sink | others | lost | doubled")
    await producer.round(min(WARM_UP, options.count), pids)
    rates: dict[str, list[float]] = {}
    wrong = 0
    for _ in range(options.rounds):
        await sink.ask(b"XRESET")
        figures = await producer.round(options.count, pids)
        received, distinct = await sink.ask(b"XCOUNT")
        lost, doubled = options.count - min(distinct, *figures.recorded()), received - distinct
        wrong += lost + doubled
        rates.setdefault(OURS, []).append(options.count / figures.seconds)
        _print(figures, rates[OURS][-1], lost, doubled)
        for name, arguments in {}.items() if options.no_peers else PEERS.items():
            rates.setdefault(name, []).append(options.count / await _peer(sink, options, arguments))
    _compare(rates)
    return 1 if wrong else 0


async def _peer(sink: Sink, options: argparse.Namespace, arguments: Sequence[str]) -> float:
    """How many seconds it took the peer, in a process of its own, the start of which does not count."""
    program = [sys.executable, "-m", "bench.email.peer", str(sink.port), *arguments]
    program += ["--count", str(options.count), "--connections", str(options.connections)]
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    output, _ = await process.communicate()
    return float(output)


@asynccontextmanager
async def _sink(stack: Stack, options: argparse.Namespace) -> AsyncIterator[Sink]:
    program = [sys.executable, "-m", "bench.email.sink", *(["--no-pipelining"] if options.no_pipelining else [])]
    child = ChildProcess("sink", program, log=stack.home / "sink.log", cwd=ROOT)
    try:
        await eventually(lambda: child.output().strip().isdigit(), 10, "the mail server is not ready")
        yield Sink(int(child.output()), child.pid)
    finally:
        child.stop(timeout_s=5)


def _print(figures: Figures, rate: float, lost: int, doubled: int) -> None:
    cpu = " | ".join(f"{used:.0f}" for used in figures.cpu.values())
    print(f"{rate:,.0f} | {figures.published_s:.2f} | {figures.records} | {cpu} | {lost} | {doubled}", flush=True)


def _compare(rates: dict[str, list[float]]) -> None:
    print("\nmedians of the rounds:")
    ours = median(rates[OURS])
    for name, found in rates.items():
        share = "" if name == OURS else f" | ours is {ours / median(found):.0%} of it"
        print(f"  {name}: {median(found):,.0f}/s ({min(found):,.0f} to {max(found):,.0f}){share}")
    print(f"\n{NOTE}")
