"""Idempotent creation of orders over HTTP at an even rate: how long it takes, beside a bare endpoint that only writes."""

import argparse
import json
from typing import Final

from bench.payments.even_rate import BAR, Asked, Keyed, take_turns
from bench.payments.shop import PEER, opened, order_of
from bench.stack import Stack, count_of

OURS: Final = "POST /v1/orders"
NOTE: Final = (
    "Each order has two lines, is priced and taxed, has a history, and tells the customer and others by message: it is the\n"
    "dearest of the writes, and no plain one. The bare endpoint writes three rows in a transaction and has no access."
)


async def measure(stack: Stack, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many orders were lost, made twice or refused."""
    print(f"\n== Orders: {options.rate:.0f} requests/s for {options.seconds:.0f} s; {options.replicas} processes of the API")
    async with opened(stack, options) as shop:
        bodies = [json.dumps(order_of(one)).encode() for one in shop.customers]

        def orders() -> Keyed:
            return Keyed("/v1/orders", lambda number: bodies[number % len(bodies)])

        made = orders()
        ours, peer = Asked(OURS, shop.apis, made, 201), Asked(PEER, shop.bare, orders(), 201)
        await take_turns(stack, options, [ours] if options.no_peers else [ours, peer])
        written = await count_of(stack, "payments", "orders")
    print(f"\n{BAR}\n{NOTE}")
    print(f"\n{made.made:,} keys were used for orders, {written:,} orders are there, {ours.refused} requests were refused")
    return abs(made.made - written) + ours.refused
