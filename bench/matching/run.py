"""Time a run over 10,000 orders against 2,000 manufacturers, beside a bare greedy loop that scores the same data."""

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import uvloop

from bench.asking import GIVE_UP_S, Asking
from bench.matching import data, greedy
from bench.stack import running
from shared.contracts.payments import MatchOrders

BAR_S: Final = 60.0
POLL_S: Final = 0.02
_FINISHED: Final = "SELECT finished_at IS NOT NULL FROM match_runs WHERE id = $1"
_LEDGER: Final = "SELECT orders, offered, unmatched, chunks, working_ms FROM match_runs WHERE id = $1"


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when an order was left out or offered twice, capacity was overdrawn, or a second run did anything."""
    parser = argparse.ArgumentParser(prog="bench matching", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--manufacturers", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each, taking turns")
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    print("payments.match_orders through outbox, relay and worker: offers, mails, reservations, explanations; fsync on")
    print(
        f"{options.orders:,} orders, {options.manufacturers:,} manufacturers; bar {BAR_S:.0f} s on the 2-core reference machine"
    )
    async with running() as stack:
        os.environ.update(stack.environment("payments"))
        async with stack.worker("services.payments.worker", "payments", "--concurrency", "1"), _Bench(stack, "payments") as bench:
            return 1 if await bench.measure(options.orders, options.manufacturers, options.rounds) else 0


class _Bench(Asking):
    """Runs over orders."""

    async def measure(self, orders: int, manufacturers: int, rounds: int) -> bool:
        """Print the figures. Returns whether anything was wrong."""
        await self.admin.execute(data.CLEAR, timeout=GIVE_UP_S)
        await self.admin.execute(data.MANUFACTURERS.format(manufacturers=manufacturers), timeout=GIVE_UP_S)
        await self.admin.execute(data.ORDERS.format(orders=orders), timeout=GIVE_UP_S)
        bare: list[float] = []
        ours: list[float] = []
        wrong = False
        print("run s | of it in chunks s | chunks | offered, unmatched | offers | explained MB | greedy s | second run s")
        for _ in range(rounds):
            await self._fresh()
            began = time.perf_counter()
            await greedy.assign(self.admin)
            bare.append(time.perf_counter() - began)
            await self._fresh()
            taken, run_id = await self._ask()
            ours.append(taken)
            ledger = await self.admin.fetchrow(_LEDGER, run_id)
            counts = await self.admin.fetchrow(data.COUNTS)
            wrong |= counts["matched"] != orders
            wrong |= bool(await self.admin.fetchval(data.WRONG, timeout=GIVE_UP_S))
            again, second_id = await self._ask()
            wrong |= (await self.admin.fetchrow(_LEDGER, second_id))["orders"] != 0
            self._show(taken, ledger, counts, bare[-1], again)
        base, median = statistics.median(bare), statistics.median(ours)
        print(
            f"median {median:.1f} s, {orders / median:,.0f} orders/s, {median / BAR_S:.0%} of the bar; "
            f"greedy loop {base:.2f} s; run / greedy {median / base:.1f}{'; WRONG' if wrong else ''}"
        )
        return wrong

    @staticmethod
    def _show(taken: float, ledger: Any, counts: Any, bare: float, again: float) -> None:
        matched = f"{counts['offered']:,}, {counts['unmatched']:,} | {counts['offers']:,}"
        print(
            f"{taken:.1f} | {ledger['working_ms'] / 1000:.1f} | {ledger['chunks']} | {matched} | "
            f"{counts['explained_bytes'] / 1e6:.0f} | {bare:.2f} | {again:.2f}",
            flush=True,
        )

    async def _fresh(self) -> None:
        """Orders that nobody has matched, and nothing left for the server to tidy."""
        await self.admin.execute(data.EMPTY, timeout=GIVE_UP_S)
        for statement in data.TIDY:
            await self.admin.execute(statement, timeout=GIVE_UP_S)

    async def _ask(self) -> tuple[float, UUID]:
        return await self.ask(MatchOrders(), finished=_FINISHED, poll_s=POLL_S)
