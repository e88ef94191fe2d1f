"""Invoices of orders per second, issued with their PDFs, beside bare loops that render the same page."""

import argparse
import asyncio
import os
import time
from typing import Final
from uuid import UUID

from bench.asking import Asking
from bench.bare_loop import run_bare
from bench.payments.api import Api, served
from bench.payments.placed import TOTAL, place
from bench.rates import Rates
from bench.stack import Stack, cpu_percent
from shared.contracts.payments import GenerateInvoice
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish

OURS: Final = "orders → invoices, numbered and booked → PDFs, kept"
PEERS: Final = {"our renderer alone": "renderer", "fpdf2 as a person writes it": "bare"}
TRANSACTION: Final = 100
WARM_UP: Final = 20
GIVE_UP_S: Final = 300.0
POLL_S: Final = 0.02
HEADER: Final = "invoices/s | CPU %: relay+producer | worker | postgres | valkey | others | CPU ms per invoice"
NOTE: Final = (
    "Each invoice is of an order with two lines, and goes from `payments.generate_invoice` over its gapless number, the ledger\n"
    "and `payments.invoice_issued` to a PDF whose bytes and hash are kept. The peers lay the same page out in as many processes."
)
_FINISHED: Final = """
    SELECT (SELECT count(*) FROM invoices WHERE order_id = ANY ($1::uuid[]) AND pdf_sha256 IS NOT NULL) = cardinality($1::uuid[])
"""
_WRONG: Final = f"""
    SELECT (SELECT count(*) FROM orders) - count(DISTINCT order_id) + count(*) - count(DISTINCT number)
           + count(*) FILTER (WHERE pdf_sha256 IS NULL OR total_minor <> {TOTAL}) + max(place) - count(*) AS wrong
      FROM (SELECT *, CAST(split_part(number, '/', 3) AS integer) AS place FROM invoices) AS issued
"""  # noqa: S608 - a constant


async def measure(stack: Stack, options: argparse.Namespace) -> int:
    """Print the figures. Returns how many invoices are missing, are there twice or leave a gap."""
    print(f"\n== Invoices: {options.invoices:,} a round, worker with {options.children} children")
    async with served(stack) as api:
        customer_id = await _sellers_customer(api)
    os.environ.update(stack.environment("payments"))
    children = ("--concurrency", str(options.children))
    async with (
        stack.worker("services.payments.worker", "payments", *children) as worker,
        Invoices(stack, "payments") as invoices,
    ):
        invoices.customer_id = customer_id
        wrong = await _rounds(invoices, {"worker": worker.pid, **stack.pids()}, options)
    print(f"\n{NOTE}")
    return wrong


async def _sellers_customer(api: Api) -> UUID:
    address = {"line1": "14 MG Road", "city": "Pune", "postal_code": "411001"}
    await api.ask("POST", "/v1/legal-entities", {"name": "Sahyadri LLP", "gstin": "27AAPFU0939F1ZV", "address": address})
    home = {"line1": "3 Church Street", "city": "Bengaluru", "postal_code": "560001"}
    return UUID((await api.ask("POST", "/v1/customers", {"name": "Ann Pillai", "address": home, "state_code": "29"}))["id"])


class Invoices(Asking):
    """Rounds of orders that are invoiced."""

    customer_id: UUID

    async def round(self, count: int, pids: dict[str, int], cpu: dict[str, float]) -> float:
        """Seconds from the first publishing transaction until each has its PDF."""
        ids = [uuid7() for _ in range(count)]
        await place(self.admin, ids, [self.customer_id] * count)
        began = time.perf_counter()
        with cpu_percent(pids, cpu):
            for first in range(0, count, TRANSACTION):
                async with self._database.unit_of_work() as session:
                    for order_id in ids[first : first + TRANSACTION]:
                        publish(session, GenerateInvoice(order_id=order_id))
            while not await self.admin.fetchval(_FINISHED, ids):
                assert time.perf_counter() - began < GIVE_UP_S, "the invoices did not end"
                await asyncio.sleep(POLL_S)
        return time.perf_counter() - began


async def _rounds(invoices: Invoices, pids: dict[str, int], options: argparse.Namespace) -> int:
    print(HEADER)
    rates = Rates()
    await invoices.round(WARM_UP, pids, {})
    for _ in range(options.rounds):
        cpu = dict[str, float]()
        seconds = await invoices.round(options.invoices, pids, cpu)
        rates.add(OURS, options.invoices, seconds, cpu["others"])
        used_ms = sum(used for name, used in cpu.items() if name != "others") * 10 * seconds / options.invoices
        shares = " | ".join(f"{used:.0f}" for used in cpu.values())
        print(f"{options.invoices / seconds:,.0f} | {shares} | {used_ms:.1f}", flush=True)
        for name, style in {}.items() if options.no_peers else PEERS.items():
            counts = ["--count", str(options.invoices), "--processes", str(options.children)]
            bare = await run_bare("bench.payments.invoices_peer", [style, *counts], pids)
            rates.add(name, options.invoices, bare.seconds, bare.others)
    rates.show([OURS])
    wrong: int = await invoices.admin.fetchval(_WRONG)
    print(f"\n{wrong} invoices are missing, are there twice, leave a gap, or have no PDF")
    return wrong
