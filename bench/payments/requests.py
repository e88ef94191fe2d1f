"""What a plain request takes: a read by id, and a write with an idempotency key, beside bare endpoints that do just that."""

import argparse
import json
from typing import Final

from bench.payments.even_rate import BAR, Asked, Keyed, Request, take_turns
from bench.payments.shop import CUSTOMER, PEER, Shop, opened, order_of
from bench.stack import Stack, count_of

READ: Final = "GET /v1/customers/{id}"
WRITE: Final = "POST /v1/customers"
NOTE: Final = (
    "Ours knows who asks and whether they still may, spends from their rate limit, and hides other organizations' rows. The\n"
    "bare endpoints read a row, and write three in a transaction, for whoever asks."
)


async def measure(stack: Stack, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many customers were lost, made twice or refused."""
    asked = f"{options.rate:.0f} requests/s for {options.seconds:.0f} s; {options.replicas} processes of the API"
    async with opened(stack, options) as shop:
        print(f"\n== A read by id: {asked}")
        wrong = await _reads(stack, shop, options)
        print(f"\n== A write with an idempotency key: {asked}")
        wrong += await _writes(stack, shop, options)
    print(f"\n{BAR}\n{NOTE}")
    return wrong


async def _reads(stack: Stack, shop: Shop, options: argparse.Namespace) -> int:
    ours = [Request("GET", f"/v1/customers/{one}") for one in shop.customers]
    bare = [Request("GET", f"/v1/orders/{one}") for one in shop.bare_orders]
    asked = [
        Asked(READ, shop.apis, lambda number: ours[number % len(ours)], 200),
        Asked(PEER, shop.bare, lambda number: bare[number % len(bare)], 200),
    ]
    await take_turns(stack, options, asked[:1] if options.no_peers else asked)
    return sum(each.refused for each in asked)


async def _writes(stack: Stack, shop: Shop, options: argparse.Namespace) -> int:
    before = await count_of(stack, "payments", "customers")
    made = Keyed("/v1/customers", lambda number: json.dumps({**CUSTOMER, "email": f"kim{number}@example.com"}).encode())
    order = json.dumps(order_of(shop.customers[0])).encode()
    ours, peer = Asked(WRITE, shop.apis, made, 201), Asked(PEER, shop.bare, Keyed("/v1/orders", lambda _: order), 201)
    await take_turns(stack, options, [ours] if options.no_peers else [ours, peer])
    written = await count_of(stack, "payments", "customers") - before
    print(f"\n{made.made:,} keys were used for customers, {written:,} are there, {ours.refused} requests were refused")
    return abs(made.made - written) + ours.refused
