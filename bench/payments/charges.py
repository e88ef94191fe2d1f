"""Due charges per second through outbox, relay, worker and gateway, beside bare loops that make the same calls.

What makes charges due is one function (`Charges.make_due`): here it places orders, and asks for the charge of each by message.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bench.asking import Asking
from bench.bare_loop import run_bare
from bench.payments.api import ORGANIZATION
from bench.payments.placed import TOTAL, place
from bench.payments.stand_in import StandIn, stand_in
from bench.rates import Rates
from bench.stack import Stack, cpu_percent
from shared.contracts.lanes import PAYMENTS_SUBSCRIPTIONS
from shared.contracts.money import Money
from shared.contracts.payments import ProcessPayment
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish

ANSWER_S: Final = 0.05
PEOPLE: Final = 20
WARM_UP: Final = 200
TRANSACTION: Final = 100
GIVE_UP_S: Final = 300.0
POLL_S: Final = 0.02
CONNECTIONS: Final = 100
"""Of the peers; each process of our worker has as many."""
OURS: Final = "outbox → relay → worker → recorded and booked"
PEERS: Final = {
    f"httpx, one client with {CONNECTIONS} connections": ("--clients", "one"),
    f"httpx, {CONNECTIONS} clients with a connection each": ("--clients", "each"),
}
HEADER: Final = "charges/s | CPU %: relay+producer | worker | postgres | valkey | gateway | others | CPU ms per charge"
NOTE: Final = (
    "bar: at least 200 charges/s, none twice, on two cores that have all of it: producer, relay, worker, database, broker,\n"
    "gateway. The gateway is deploy/sandbox in a process of its own, every answer of which takes 50 ms more than its work.\n"
    "A charge is three calls: an order, a charge of the stored card on it, a look at the payment. Ours has attempts committed\n"
    "before its calls, and payment, history and ledger after them; the peers write nothing down. What a charge costs in CPU\n"
    "holds also where others use the machine: two free cores carry 2,000 divided by it."
)
_PERSONS: Final = """
    INSERT INTO customers (id, organization_id, name, email, phone, locale, time_zone, created_at, updated_at)
    SELECT id, $2, 'Ann Pillai', 'ann' || place || '@example.com', '+9198' || lpad(place::text, 8, '0'), 'en-IN',
           'Asia/Kolkata', now(), now()
      FROM unnest($1::uuid[]) WITH ORDINALITY AS row(id, place)
"""
_METHODS: Final = """
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 status, created_at, updated_at)
    SELECT id, $4, id, 'razorpay', 'razorpay', gateway_customer_id, token, 'card', 'Visa 1111', 'confirmed', now(), now()
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(id, gateway_customer_id, token)
"""
# Recorded and confirmed: nothing of it waits anywhere.
_FINISHED: Final = """
    SELECT (SELECT count(*) FROM payments WHERE id = ANY ($1::uuid[]) AND status = 'captured') = cardinality($1::uuid[])
           AND NOT EXISTS (SELECT FROM outbox WHERE lane LIKE 'payments.%')
           AND NOT EXISTS (SELECT FROM inbox WHERE state IN (1, 2, 3, 4))
"""
_BOOKED: Final = "SELECT id, captured_minor FROM payments WHERE status = 'captured'"


async def measure(stack: Stack, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many charges were lost or made twice."""
    print(f"\n== Charges: {options.charges:,} a round, a gateway that answers in {ANSWER_S * 1000:.0f} ms, {_worker(options)}")
    async with stand_in(stack) as gateway:
        os.environ.update(stack.environment("payments", **gateway.settings))
        children = ("--concurrency", str(options.children))
        async with (
            stack.worker("services.payments.worker", "payments", *children, **gateway.settings) as worker,
            Charges(stack, gateway) as charges,
        ):
            await charges.prepare()
            await gateway.set_up(answer_after_s=ANSWER_S)
            pids = {"worker": worker.pid, **stack.pids(), "gateway": gateway.pid}
            wrong = await _rounds(charges, pids, options)
    print(f"\n{NOTE}")
    return wrong


class Charges(Asking):
    """Rounds of charges of stored cards, each for another order."""

    def __init__(self, stack: Stack, gateway: StandIn) -> None:
        super().__init__(stack, "payments")
        self.gateway = gateway
        self.mandate = ("", "")
        self.began = 0.0
        self._methods: list[UUID] = []

    async def prepare(self) -> None:
        """People who have allowed charges of their cards."""
        mandates = await self.gateway.mandates(PEOPLE)
        self.mandate = mandates[0]
        self._methods = [uuid7() for _ in mandates]
        customers, tokens = [one for one, _ in mandates], [one for _, one in mandates]
        await self.admin.execute(_PERSONS, self._methods, ORGANIZATION)
        await self.admin.execute(_METHODS, self._methods, customers, tokens, ORGANIZATION)

    async def round(self, count: int, pids: dict[str, int], cpu: dict[str, float]) -> float:
        """Seconds from the first publishing transaction until all is captured, booked and confirmed."""
        with cpu_percent(pids, cpu):
            ids = await self.make_due(count)
            while not await self.admin.fetchval(_FINISHED, ids):
                assert time.perf_counter() - self.began < GIVE_UP_S, "the charges did not end"
                await asyncio.sleep(POLL_S)
        return time.perf_counter() - self.began

    async def make_due(self, count: int) -> Sequence[UUID]:
        """Have so many charged; their payments' ids."""
        ids, orders = [uuid7() for _ in range(count)], [uuid7() for _ in range(count)]
        customers = [self._methods[number % len(self._methods)] for number in range(count)]
        await place(self.admin, orders, customers)
        self.began = time.perf_counter()
        for first in range(0, count, TRANSACTION):
            async with self._database.unit_of_work() as session:
                for number in range(first, min(first + TRANSACTION, count)):
                    message = _charge(orders[number], customers[number])
                    publish(session, message, lane=PAYMENTS_SUBSCRIPTIONS, message_id=ids[number])
        return ids

    async def wrong(self) -> int:
        """How many payments have more or less at the gateway than with us."""
        ours = {str(row["id"]): [row["captured_minor"]] for row in await self.admin.fetch(_BOOKED)}
        theirs: dict[str, list[int]] = {}
        for payment, amount in await self.gateway.captured():
            theirs.setdefault(payment, []).append(amount)
        peers = sum(name.startswith("peer-") for name in theirs)
        strangers = len(theirs) - peers - len(ours.keys() & theirs.keys())
        differ = [name for name, amounts in ours.items() if theirs.get(name) != amounts]
        print(
            f"\nthe gateway's ledger: {len(ours):,} payments of ours, {len(differ)} of which differ from our books, "
            f"{strangers} that we do not know, {peers:,} of the peers"
        )
        return len(differ) + strangers


def _charge(order_id: UUID, method_id: UUID) -> ProcessPayment:
    return ProcessPayment(
        amount=Money(amount_minor=TOTAL, currency="INR"), payment_method_id=method_id, order_id=order_id, customer_id=method_id
    )


async def _rounds(charges: Charges, pids: dict[str, int], options: argparse.Namespace) -> int:
    """Ours and each peer in turn, so that what else the machine does falls on all of them."""
    print(HEADER)
    rates = Rates()
    await charges.round(WARM_UP, pids, {})
    for turn in range(options.rounds):
        cpu = dict[str, float]()
        seconds = await charges.round(options.charges, pids, cpu)
        rates.add(OURS, options.charges, seconds, cpu["others"])
        _show(options.charges, seconds, cpu)
        for peer, (name, arguments) in enumerate({}.items() if options.no_peers else PEERS.items()):
            program = [f"{charges.gateway.url}/razorpay", *charges.mandate, *arguments, "--name", f"peer-{turn}-{peer}"]
            counts = ["--count", str(options.charges), "--connections", str(CONNECTIONS)]
            bare = await run_bare("bench.payments.charges_peer", [*program, *counts], pids)
            rates.add(name, options.charges, bare.seconds, bare.others)
    rates.show([OURS])
    return await charges.wrong()


def _show(count: int, seconds: float, cpu: dict[str, float]) -> None:
    used_ms = sum(used for name, used in cpu.items() if name != "others") * 10 * seconds / count
    shares = " | ".join(f"{used:.0f}" for used in cpu.values())
    print(f"{count / seconds:,.0f} | {shares} | {used_ms:.1f}", flush=True)


def _worker(options: argparse.Namespace) -> str:
    return f"worker with {options.children} children"
