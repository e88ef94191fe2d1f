"""Print how fast due subscriptions are charged, invoices issued, plain requests answered and orders taken, beside bare loops."""

import argparse
import os
from collections.abc import Sequence
from typing import Final

import uvloop

from bench.payments import charges, invoices, orders, requests
from bench.stack import running

PARTS: Final = {"charges": charges.measure, "invoices": invoices.measure, "requests": requests.measure, "orders": orders.measure}


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when a charge, an invoice, a customer or an order was lost or made twice."""
    parser = argparse.ArgumentParser(prog="bench payments", description=__doc__)
    parser.add_argument("--only", choices=tuple(PARTS), action="append", help="this part; may be given again")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each, taking turns")
    parser.add_argument("--children", type=int, default=2, help="processes of the worker")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--charges", type=int, default=2000, help="due subscriptions per round")
    parser.add_argument("--invoices", type=int, default=300, help="invoices per round")
    parser.add_argument("--rate", type=float, default=200.0, help="requests and orders asked for per second")
    parser.add_argument("--replicas", type=int, default=2, help="processes of the API")
    parser.add_argument("--seconds", type=float, default=10.0, help="for so long in each round")
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before, fsync on")
    wrong = 0
    for name in options.only or PARTS:
        # What one part has left in the tables must not be counted by the next.
        async with running() as stack:
            wrong += await PARTS[name](stack, options)
    return 1 if wrong else 0
