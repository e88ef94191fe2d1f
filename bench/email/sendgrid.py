"""Bulk mails by SendGrid per second through the whole path, beside a bare httpx loop that posts ready batches."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from bench.bare_loop import run_bare
from bench.email import messages
from bench.email.mail_server import SECRETS
from bench.email.path import Figures, Make, Producer
from bench.email.rates import HEADER, line
from bench.rates import Rates
from bench.stack import Stack
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.settings import ROOT, ServiceSettings
from shared.testing.child import ChildProcess
from shared.testing.wait import eventually

OURS: Final[dict[str, Make]] = {
    "a campaign's mails with ready text": messages.gated,
    "a campaign's mails by a template": messages.templated,
}
ALIKE: Final = str(SendEmail.contract.max_batch)
PEERS: Final = {
    "httpx posts ready batches of 1,000": ("--batch", "1000"),
    f"httpx posts ready batches of {ALIKE}": ("--batch", ALIKE),
    f"httpx makes and posts batches of {ALIKE}": ("--batch", ALIKE, "--make"),
}
NOTE: Final = (
    "The SendGrid is a lean stand-in in a process of its own (bench/email/sendgrid_sink.py): it parses every request and counts\n"
    "the mails by `ref`. deploy/sandbox's makes and keeps the MIME of each mail, 0.1 ms of a core that our side would lack.\n"
    "The peers post over as many connections as the worker has children, for each child has one request under way. A request\n"
    f"of ours has as many mails as a delivery of a lane: 256 KB, and {SendEmail.contract.max_batch} with a ready text or "
    f"{SendTemplatedEmail.contract.max_batch} by a template, of SendGrid's 1,000."
)


@dataclass(frozen=True)
class Sink:
    """The process of sendgrid_sink.py."""

    url: str
    pid: int

    async def reset(self) -> None:
        async with httpx.AsyncClient(base_url=self.url) as client:
            await client.post("/reset")

    async def counts(self) -> dict[str, int]:
        """mails, distinct, requests, and largest: the most mails of one request; since the last reset."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            found: dict[str, int] = (await client.get("/counts")).json()
        return found


async def measure(stack: Stack, settings: ServiceSettings, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many mails were lost or doubled."""
    print(f"\n== SendGrid, bulk lane: {options.count:,} mails, worker with {options.children} children")
    concurrency = ("--concurrency", str(options.children))
    async with _sink(stack) as sink:
        provider = {"EMAIL_PROVIDER": "sendgrid", "SENDGRID_URL": sink.url, "SENDGRID_API_KEY": "sink", **SECRETS}
        async with (
            stack.worker("services.notifications.worker", "notifications", *concurrency, **provider) as worker,
            Producer(stack, settings) as producer,
        ):
            return await _rounds(sink, producer, {"worker": worker.pid, **stack.pids(), "sink": sink.pid}, options)


async def _rounds(sink: Sink, producer: Producer, pids: dict[str, int], options: argparse.Namespace) -> int:
    print(HEADER)
    rates, wrong = Rates(), 0
    for make in OURS.values():
        await producer.round(min(1000, options.count), pids, make)
    for _ in range(options.rounds):
        for name, make in OURS.items():
            await sink.reset()
            figures = await producer.round(options.count, pids, make)
            found = await sink.counts()
            wrong += _show(name, options.count, figures, found)
            rates.add(name, options.count, figures.seconds, figures.cpu["others"])
        for name, arguments in {}.items() if options.no_peers else PEERS.items():
            program = [sink.url, *arguments, "--count", str(options.count), "--connections", str(options.children)]
            bare = await run_bare("bench.email.sendgrid_peer", program, pids)
            rates.add(name, options.count, bare.seconds, bare.others)
    rates.show(OURS)
    print(f"\n{NOTE}")
    return wrong


def _show(name: str, count: int, figures: Figures, found: dict[str, int]) -> int:
    lost, doubled = count - min(found["distinct"], figures.recorded.least), found["mails"] - found["distinct"]
    batches = (
        f"{found['requests']} requests, {found['mails'] / max(1, found['requests']):.0f} mails each, {found['largest']} at most"
    )
    print(f"{line(name, count, figures, lost, doubled)} {batches}", flush=True)
    return lost + doubled


@asynccontextmanager
async def _sink(stack: Stack) -> AsyncIterator[Sink]:
    child = ChildProcess(
        "sendgrid", [sys.executable, "-m", "bench.email.sendgrid_sink"], log=stack.home / "sendgrid.log", cwd=ROOT
    )
    try:
        await eventually(lambda: child.output().strip().isdigit(), 10, "the SendGrid is not ready")
        yield Sink(f"http://127.0.0.1:{child.output().strip()}", child.pid)
    finally:
        child.stop(timeout_s=5)
