"""Due subscriptions charged per second, by outbox, relay, worker and gateway, beside bare loops that make the same calls."""

import argparse
import asyncio
import os
import time
from datetime import UTC, datetime
from typing import Final

from bench.asking import Asking
from bench.bare_loop import run_bare
from bench.payments.stand_in import StandIn, stand_in
from bench.payments.subscribed import TOTAL, Subscribers
from bench.rates import Rates
from bench.stack import Stack, cpu_percent
from shared.contracts.lanes import PAYMENTS_CRITICAL, PAYMENTS_NORMAL, PAYMENTS_SUBSCRIPTIONS
from shared.contracts.payments import ProcessDueSubscriptions
from shared.runtime.outbox import publish

ANSWER_S: Final = 0.05
PEOPLE: Final = 100
WARM_UP: Final = 200
GIVE_UP_S: Final = 300.0
POLL_S: Final = 0.02
CHARGING: Final = f"{PAYMENTS_CRITICAL.name},{PAYMENTS_SUBSCRIPTIONS.name}"
INVOICING: Final = PAYMENTS_NORMAL.name
CONNECTIONS: Final = 100
"""Of the peers; each process of our worker has as many."""
OURS: Final = "due → billed → outbox → relay → worker → recorded and booked"
PEERS: Final = {
    f"httpx, one client with {CONNECTIONS} connections": ("--clients", "one"),
    f"httpx, {CONNECTIONS} clients with a connection each": ("--clients", "each"),
}
HEADER: Final = "charges/s | CPU %: relay+producer | worker | postgres | valkey | gateway | others | CPU ms per charge"
NOTE: Final = (
    "bar: at least 200 charges/s, none twice, on two cores that have all of it: producer, relay, worker, database, broker,\n"
    "gateway. The gateway is deploy/sandbox in a process of its own, every answer of which takes 50 ms more than its work.\n"
    "One `payments.process_due_subscriptions` bills all that is due, 500 at a time. A charge is three calls: an order, a debit\n"
    "of the stored account on it, a look at the payment. Ours has attempts committed before its calls, and payment, history,\n"
    "period and ledger after them; the peers write nothing down. The clock stops when all is captured and booked. Invoices have\n"
    "a lane of their own, and wait for a worker of theirs, which comes after all rounds: what has waited for two minutes is\n"
    "sent again, which the relay says (messages_unconfirmed). What a charge costs in CPU holds also\n"
    "where others use the machine: two free cores carry 2,000 divided by it."
)
_CAPTURED: Final = """
    SELECT count(*) = cardinality($1::uuid[]) FROM payments WHERE subscription_id = ANY ($1::uuid[]) AND status = 'captured'
"""
_INVOICED: Final = """
    SELECT (SELECT count(*) FROM invoices WHERE subscription_id IS NOT NULL) >= (SELECT count(*) FROM subscriptions)
           AND NOT EXISTS (SELECT FROM outbox WHERE lane = 'payments.normal')
"""
_BOOKED: Final = "SELECT id, captured_minor FROM payments WHERE status = 'captured'"
# Each subscription has one period, which one payment of its whole price has paid, and one invoice.
_NOT_ONCE: Final = f"""
    SELECT count(*) FROM subscriptions AS due
     WHERE 1 <> (SELECT count(*) FROM subscription_periods WHERE subscription_id = due.id AND status = 'paid')
        OR 1 <> (SELECT count(*) FROM payments WHERE subscription_id = due.id AND captured_minor = {TOTAL})
        OR 1 <> (SELECT count(*) FROM invoices WHERE subscription_id = due.id AND total_minor = {TOTAL})
"""  # noqa: S608 - a constant


async def measure(stack: Stack, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many charges were lost or made twice."""
    print(f"\n== Charges: {options.charges:,} a round, a gateway that answers in {ANSWER_S * 1000:.0f} ms, {_worker(options)}")
    async with stand_in(stack) as gateway:
        os.environ.update(stack.environment("payments", **gateway.settings))
        program = ("--concurrency", str(options.children), "-Q")
        async with (
            stack.worker("services.payments.worker", "payments", *program, CHARGING, **gateway.settings) as worker,
            Charges(stack, gateway) as charges,
        ):
            await charges.prepare()
            await gateway.set_up(answer_after_s=ANSWER_S)
            pids = {"worker": worker.pid, **stack.pids(), "gateway": gateway.pid}
            await _rounds(charges, pids, options)
            async with stack.worker("services.payments.worker", "payments", *program, INVOICING, name="invoices"):
                await charges.invoiced()
            wrong = await charges.wrong()
    print(f"\n{NOTE}")
    return wrong


class Charges(Asking):
    """Rounds of subscriptions that are due, each with a stored account."""

    subscribers: Subscribers

    def __init__(self, stack: Stack, gateway: StandIn) -> None:
        super().__init__(stack, "payments")
        self.gateway = gateway
        self.mandate = ("", "")

    async def prepare(self) -> None:
        """People who have allowed debits of their accounts."""
        mandates = await self.gateway.mandates(PEOPLE, "emandate")
        self.mandate = mandates[0]
        self.subscribers = Subscribers(self.admin)
        await self.subscribers.prepare(mandates)

    async def round(self, count: int, pids: dict[str, int], cpu: dict[str, float]) -> float:
        """Seconds from the transaction that asks for the run until all is captured and booked."""
        ids = await self.subscribers.subscribe(count)
        began = time.perf_counter()
        with cpu_percent(pids, cpu):
            async with self._database.unit_of_work() as session:
                publish(session, ProcessDueSubscriptions(slot=datetime.now(UTC)))
            await self._until(_CAPTURED, ids)
        return time.perf_counter() - began

    async def invoiced(self) -> None:
        """Wait until what was charged is invoiced, and print how long that took."""
        began = time.perf_counter()
        await self._until(_INVOICED)
        count: int = await self.admin.fetchval("SELECT count(*) FROM invoices")
        print(f"\ninvoices of all that was charged: {count:,}, issued at {count / (time.perf_counter() - began):,.0f}/s")

    async def _until(self, query: str, *bound: object) -> None:
        began = time.perf_counter()
        while not await self.admin.fetchval(query, *bound):
            assert time.perf_counter() - began < GIVE_UP_S, "it did not end"
            await asyncio.sleep(POLL_S)

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
        not_once: int = await self.admin.fetchval(_NOT_ONCE)
        print(f"{not_once} subscriptions were not billed, charged and invoiced once")
        return len(differ) + strangers + not_once


async def _rounds(charges: Charges, pids: dict[str, int], options: argparse.Namespace) -> None:
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


def _show(count: int, seconds: float, cpu: dict[str, float]) -> None:
    used_ms = sum(used for name, used in cpu.items() if name != "others") * 10 * seconds / count
    shares = " | ".join(f"{used:.0f}" for used in cpu.values())
    print(f"{count / seconds:,.0f} | {shares} | {used_ms:.1f}", flush=True)


def _worker(options: argparse.Namespace) -> str:
    return f"worker with {options.children} children"
