"""Print how fast mails go out by SMTP and by SendGrid, beside bare loops, and how soon urgent ones do beside a long queue."""

import argparse
import os
from collections.abc import Sequence
from typing import Final

import uvloop

from bench.email import messages, sendgrid, smtp, urgent
from bench.stack import running

PARTS: Final = {"smtp": smtp.measure, "sendgrid": sendgrid.measure, "urgent": urgent.measure}


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when a mail was lost or doubled."""
    parser = argparse.ArgumentParser(prog="bench email", description=__doc__)
    parser.add_argument("--only", choices=tuple(PARTS), action="append", help="this part; may be given again")
    parser.add_argument("--count", type=int, default=10_000, help="mails per round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each, taking turns")
    parser.add_argument(
        "--children", type=int, default=4, help="processes of each worker: two per core, so that one calls while another commits"
    )
    parser.add_argument("--connections", type=int, default=8, help="to the mail server, of all children together")
    parser.add_argument("--no-pipelining", action="store_true", help="a mail server that wants one command at a time")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--queued", type=int, default=100_000, help="bulk mails that wait when the urgent ones begin")
    parser.add_argument("--urgent", type=int, default=360, help="urgent mails")
    parser.add_argument("--per-second", type=float, default=12.0, help="urgent mails per second on average")
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    wrong = 0
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.2f} before, fsync on")
    async with running() as stack:
        os.environ.update(stack.environment("trips"))
        from services.trips.settings import settings

        await messages.prepare(stack)
        for name in options.only or PARTS:
            wrong += await PARTS[name](stack, settings(), options)
    return 1 if wrong else 0
