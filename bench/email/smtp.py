"""Mails by SMTP per second through the whole path, beside a bare aiosmtplib loop against the same mail server."""

import argparse
from typing import Final

from bench.bare_loop import run_bare
from bench.email import messages
from bench.email.mail_server import MailServer, serving
from bench.email.path import Make, Producer
from bench.email.rates import HEADER, line
from bench.rates import Rates
from bench.stack import Stack
from shared.runtime.settings import ServiceSettings

WARM_UP: Final = 1000
OURS: Final[dict[str, Make]] = {
    "outbox → relay → worker → recorded": messages.plain,
    "the same for a campaign, of which every gate asks": messages.gated,
}
SLOW: Final = "aiosmtplib send_message, EmailMessage"
PEERS: Final = {
    "aiosmtplib sendmail, each composed as ours are": ("composed",),
    SLOW: ("message",),
    "aiosmtplib sendmail, ready bytes": ("bytes",),
    "the same on uvloop": ("bytes", "--uvloop"),
}
SLOW_SHARE: Final = 5
"""The slow peer sends a fifth as many, for its rate does not depend on their number."""
NOTE: Final = (
    "bar: at least 80 % of the faster aiosmtplib loop that makes its mails (docs/decisions/0016). Bytes that were made before\n"
    "the clock began are the limit of the connections, on either event loop.\n"
    "The mail server is a process of its own that reads each mail to its end, counts it by its Message-ID and keeps nothing;\n"
    "aiosmtplib sends one command at a time, the worker uses PIPELINING where it is announced (--no-pipelining: it is not).\n"
    "The peers write nothing down.\n"
    "All of ours pass all gates. For a campaign's mails each gate has something to look for: suppressions (50,000 others),\n"
    "choices, dedupe keys, limits per recipient, the campaign; and headers to unsubscribe are signed."
)


async def measure(stack: Stack, settings: ServiceSettings, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many mails were lost or doubled."""
    print(f"\n== SMTP: {options.count:,} mails, {options.connections} connections, worker with {options.children} children")
    concurrency = ("--concurrency", str(options.children))
    async with serving(stack, pipelining=not options.no_pipelining) as server:
        mail = server.settings(pool_size=max(1, options.connections // options.children))
        async with (
            stack.worker("services.notifications.worker", "notifications", *concurrency, **mail) as worker,
            Producer(stack, settings) as producer,
        ):
            return await _rounds(server, producer, {"worker": worker.pid, **stack.pids(), "sink": server.pid}, options)


async def _rounds(server: MailServer, producer: Producer, pids: dict[str, int], options: argparse.Namespace) -> int:
    """Ours and each peer in turn, so that what else the machine does falls on all of them."""
    print(HEADER)
    rates, wrong = Rates(), 0
    for make in OURS.values():
        await producer.round(min(WARM_UP, options.count), pids, make)
    for _ in range(options.rounds):
        for name, make in OURS.items():
            await server.reset()
            figures = await producer.round(options.count, pids, make)
            received, distinct = await server.counts()
            lost, doubled = options.count - min(distinct, figures.recorded.least), received - distinct
            wrong += lost + doubled
            rates.add(name, options.count, figures.seconds, figures.cpu["others"])
            print(line(name, options.count, figures, lost, doubled), flush=True)
        for name, arguments in {}.items() if options.no_peers else PEERS.items():
            count = max(1, options.count // (SLOW_SHARE if name == SLOW else 1))
            program = [str(server.port), *arguments, "--count", str(count), "--connections", str(options.connections)]
            bare = await run_bare("bench.email.peer", program, pids)
            rates.add(name, count, bare.seconds, bare.others)
    rates.show(OURS)
    print(f"\n{NOTE}")
    return wrong
