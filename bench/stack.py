"""Servers and processes for a benchmark: durable PostgreSQL and Valkey, real workers, CPU figures of each."""

import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from deploy.postgres.bootstrap import LOGINS, bootstrap
from shared.contracts.lanes import SERVICES
from shared.runtime import migrate
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.home import temporary_home
from shared.testing.servers import PostgresServer, ValkeyServer
from shared.testing.wait import eventually

_POSTGRES_OPTIONS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "autovacuum_naptime": "5s"}


@dataclass(frozen=True)
class Stack:
    """home: a folder for logs and files."""

    home: Path
    postgres: PostgresServer
    valkey: ValkeyServer

    def database_url(self, role: str) -> str:
        return self.postgres.address.url("waybill", role)

    def pids(self) -> dict[str, int]:
        """The servers' main processes."""
        return {"postgres": self.postgres.process.pid, "valkey": self.valkey.process.pid}

    def environment(self, service: str, **extra: str) -> dict[str, str]:
        """What a process of the service needs."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "WAYBILL_HOME": str(self.home),
            "DATABASE_URL": self.database_url(f"{service}_app"),
            "REDIS_URL": self.valkey.url(),
            "LOG_LEVEL": "WARNING",
            **extra,
        }

    @asynccontextmanager
    async def worker(
        self, app: str, service: str, *arguments: str, name: str | None = None, **extra: str
    ) -> AsyncIterator[ChildProcess]:
        """A ready worker, ended with the block. name: tells a service's workers apart where there are several."""
        name = name or service
        heartbeat = self.home / f"{name}.heartbeat"
        log = self.home / f"{name}-worker.log"
        for left in (heartbeat, log):
            left.unlink(missing_ok=True)
        program = [sys.executable, "-m", "celery", "-A", app, "worker", "-n", f"{name}@%h", "--loglevel", "WARNING", *arguments]
        environment = self.environment(service, HEARTBEAT_FILE=str(heartbeat), **extra)
        child = ChildProcess(f"{name}-worker", program, log=log, env=environment, cwd=ROOT)
        try:
            await eventually(heartbeat.exists, 60, f"the worker is not ready: {child.tail(20)}")
            yield child
        finally:
            child.stop(timeout_s=15)


@asynccontextmanager
async def running() -> AsyncIterator[Stack]:
    """Servers that keep their promises (fsync on), with roles, schemas and migrations."""
    with temporary_home() as home:
        postgres, valkey = PostgresServer(home, durable=True, options=_POSTGRES_OPTIONS), ValkeyServer(home)
        try:
            postgres.start()
            valkey.start()
            password = postgres.address.password
            await bootstrap(postgres.address.url("waybill"), dict.fromkeys(LOGINS, password))
            for service in SERVICES:
                await migrate.upgrade(service, postgres.address.url("waybill", f"{service}_owner"))
            yield Stack(home, postgres, valkey)
        finally:
            valkey.stop()
            postgres.stop()


async def as_owner(stack: Stack, service: str, statements: str) -> None:
    """Run statements as the owner of a service's schema."""
    owner = await asyncpg.connect(stack.database_url(f"{service}_owner"))
    await owner.execute(f"SET search_path = {service}; {statements}")
    await owner.close()


async def count_of(stack: Stack, service: str, table: str) -> int:
    """How many rows a table has."""
    owner = await asyncpg.connect(stack.database_url(f"{service}_owner"))
    await owner.execute(f"SET search_path = {service}")
    count: int = await owner.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a benchmark's own word
    await owner.close()
    return count


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process and its children have used, also those that have ended; of this process alone, for its children
    are the others."""
    alone = pid == os.getpid()
    try:
        process = psutil.Process(pid)
        family = [process] if alone else [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    total = 0.0
    for member in family:
        try:
            times = member.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
        if not alone:
            # What a member has used goes over to its parent when that has waited for it, a backend's to the postmaster.
            total += times.children_user + times.children_system
    return total


@contextmanager
def cpu_of(pids: dict[str, int], into: dict[str, float]) -> Iterator[None]:
    """CPU seconds of each process family over the block, by name."""
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    yield
    for name, pid in pids.items():
        into[name] = cpu_seconds(pid) - before[name]


@contextmanager
def cpu_percent(pids: dict[str, int], into: dict[str, float]) -> Iterator[None]:
    """CPU of each process family over the block, of this process (which hosts the relay), and of all others together, in percent
    of one core."""
    used = dict[str, float]()
    started, busy = time.perf_counter(), _busy_s()
    with cpu_of({"relay+producer": os.getpid(), **pids}, used):
        yield
    seconds = time.perf_counter() - started
    used["others"] = max(0.0, _busy_s() - busy - sum(used.values()))
    into.update({name: 100 * one / seconds for name, one in used.items()})


def _busy_s() -> float:
    """Seconds for which the machine's cores have worked on anything."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)
