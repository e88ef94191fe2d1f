"""The peer: a bare httpx loop. `python -m bench.payments.charges_peer <url> <customer> <token>` prints how many seconds it took.

Each charge is the three calls that ours is: an order, a charge of the stored card on it, and a look at the payment. As many are
under way at once as there are connections; nothing is recorded, nothing survives a crash, and what fails ends it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

import httpx
import uvloop

from bench.payments.stand_in import KEY_ID, KEY_SECRET

AMOUNT = 1_303_000


async def charge_all(options: argparse.Namespace) -> float:
    """Seconds from the first call to the last answer."""
    numbers = iter(range(options.count))
    async with AsyncExitStack() as closing:
        count = options.connections if options.clients == "each" else 1
        clients = [await closing.enter_async_context(_client(options, options.connections // count)) for _ in range(count)]
        started = time.perf_counter()
        await asyncio.gather(*(_charge_in_turn(clients[place % count], options, numbers) for place in range(options.connections)))
        return time.perf_counter() - started


async def _charge_in_turn(http: httpx.AsyncClient, options: argparse.Namespace, numbers: Iterator[int]) -> None:
    for number in numbers:
        notes = {"payment": f"{options.name}-{number}"}
        order = {"amount": AMOUNT, "currency": "INR", "receipt": f"{options.name}-{number}", "payment_capture": True}
        made = await _asked(http, "POST", "/v1/orders", order | {"notes": notes})
        charge = {
            "email": "ann@example.com",
            "contact": "+919812345678",
            "amount": AMOUNT,
            "currency": "INR",
            "order_id": made["id"],
            "customer_id": options.customer,
            "token": options.token,
            "recurring": True,
            "notes": notes,
        }
        charged = await _asked(http, "POST", "/v1/payments/create/recurring", charge)
        payment = await _asked(http, "GET", f"/v1/payments/{charged['razorpay_payment_id']}")
        assert payment["status"] == "captured", payment


def _client(options: argparse.Namespace, connections: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(base_url=options.url, auth=(KEY_ID, KEY_SECRET), limits=limits, timeout=60)


async def _asked(http: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict[str, str]:
    answer = await http.request(method, path, json=body)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.payments.charges_peer", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("customer")
    parser.add_argument("token")
    parser.add_argument("--name", default="peer", help="of the charges, before their numbers")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--clients", choices=("one", "each"), default="one", help="one for all connections, or one for each")
    print(uvloop.run(charge_all(parser.parse_args(arguments))))


if __name__ == "__main__":
    main(sys.argv[1:])
