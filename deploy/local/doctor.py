"""Checks of the machine and of the running stack: what is wrong, and how to mend it."""

import importlib.metadata
import importlib.util
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import anyio
import asyncpg
import psutil
import redis
from packaging.requirements import Requirement
from redis.exceptions import AuthenticationError, RedisError

from deploy.local import broker, environment, ports
from deploy.local.failures import StackError
from deploy.local.home import MIN_FREE_MB, shown
from deploy.local.postgres import MAJOR, Cluster
from deploy.local.stack import Stack
from shared.contracts.lanes import SERVICES
from shared.runtime.settings import ROOT

MIN_MEMORY_MB = 2048
MAX_CLOCK_SKEW_S = 2.0


@dataclass(frozen=True)
class Finding:
    """One check. `found` is what was seen, `remedy` what to do about it when it is not good."""

    name: str
    good: bool
    found: str
    remedy: str = ""


def examine(stack: Stack) -> Iterator[Finding]:
    """Every check that can be made now, one after the other."""
    yield _python()
    yield _packages()
    yield _disk(stack)
    yield _memory()
    yield _data_version(stack)
    if not stack.is_running():
        yield _ports()
        yield Finding("stack", True, "does not run; the checks of what runs are left out")
        return
    yield from _guarded("database", _database, stack)
    yield from _guarded("broker", _broker, stack)


def _guarded(name: str, check: Callable[[Stack], list[Finding]], stack: Stack) -> list[Finding]:
    try:
        return check(stack)
    except (OSError, TimeoutError, RedisError, asyncpg.PostgresError, StackError) as error:
        return [Finding(name, False, str(error) or type(error).__name__, "`waybill logs postgres valkey` says more")]


def _python() -> Finding:
    version = platform.python_version()
    return Finding(
        "python",
        sys.version_info >= (3, 11),
        f"{version} at {sys.executable}",
        "install Python 3.11 or newer and run `make install`",
    )


def _packages() -> Finding:
    """That what is installed is what the lock names."""
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    wrong = []
    for line in re.findall(r"^[a-z0-9][^\\\n]*", lock, flags=re.MULTILINE):
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            found = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} is {found}, the lock says {wanted.specifier}")
    return Finding("packages", not wrong, "; ".join(wrong[:3]) or "as locked", "`make install`")


def _disk(stack: Stack) -> Finding:
    place = stack.home.path if stack.home.path.exists() else stack.home.path.parent
    free = shutil.disk_usage(place).free // (1024 * 1024)
    return Finding(
        "disk", free >= MIN_FREE_MB, f"{free:,} MB free for {shown(stack.home.path)}", "free some space, or set WAYBILL_HOME"
    )


def _memory() -> Finding:
    free = psutil.virtual_memory().available // (1024 * 1024)
    return Finding("memory", free >= MIN_MEMORY_MB, f"{free:,} MB available", f"the stack needs up to {MIN_MEMORY_MB} MB")


def _data_version(stack: Stack) -> Finding:
    file = Cluster(stack.home).data / "PG_VERSION"
    found = file.read_text().strip() if file.exists() else None
    return Finding("data", found in (None, MAJOR), f"PostgreSQL {found or 'data not made yet'}", f"this is PostgreSQL {MAJOR}")


def _ports() -> Finding:
    taken = [f"{name} {port}" for name, port in ports.PREFERRED.items() if not ports.is_free(port)]
    return Finding("ports", True, f"taken, others will be chosen: {', '.join(taken)}" if taken else "all free")


def _database(stack: Stack) -> list[Finding]:
    return anyio.run(_ask_database, stack)


async def _ask_database(stack: Stack) -> list[Finding]:
    findings = [await _role(stack, service) for service in SERVICES]
    url = environment.read_environment(stack.home, "admin")["ADMIN_DATABASE_URL"]
    connection = await asyncpg.connect(url, timeout=5)
    try:
        version = await connection.fetchval("SHOW server_version")
        skew = abs(float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())")) - time.time())
        used, limit = await connection.fetchrow("SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity")
    finally:
        await connection.close()
    findings.append(Finding("postgresql", version.split(".")[0] == MAJOR, version))
    findings.append(
        Finding(
            "clock", skew < MAX_CLOCK_SKEW_S, f"{skew * 1000:.0f} ms between here and the database", "set the machine's clock"
        )
    )
    findings.append(
        Finding(
            "connections", used < limit * 0.9, f"{used} of {limit}", "something opens too many: `SELECT * FROM pg_stat_activity`"
        )
    )
    return findings


async def _role(stack: Stack, service: str) -> Finding:
    """That the application's login sees its own schema and no other's."""
    url = environment.read_environment(stack.home, service)["DATABASE_URL"]
    connection: Any = await asyncpg.connect(url, timeout=5)
    try:
        query = "SELECT array_agg(nspname) FROM pg_namespace WHERE nspname = ANY($1) AND has_schema_privilege(oid, 'USAGE')"
        seen = await connection.fetchval(query, list(SERVICES)) or []
    finally:
        await connection.close()
    return Finding(
        f"role {service}_app",
        seen == [service],
        f"sees {', '.join(seen) or 'nothing'}",
        "`make run` again: it puts the rights right",
    )


def _broker(stack: Stack) -> list[Finding]:
    with closing(broker.connect(stack.home)) as client:
        info: Any = client.info()
        refused: Any = client.acl_log(10)
    share = 100 * info["used_memory"] / info["maxmemory"] if info["maxmemory"] else 0
    guarded = _is_guarded(stack)
    names = ", ".join(sorted({f"{entry['username']}: {entry['object']}" for entry in refused}))
    return [
        Finding("valkey", True, str(info.get("valkey_version", info["redis_version"]))),
        Finding(
            "broker memory", share < 60, f"{share:.0f} % of {info['maxmemory'] // (1024 * 1024)} MB", "a lane may have no workers"
        ),
        Finding(
            "broker eviction", info["maxmemory_policy"] == "noeviction", info["maxmemory_policy"], "anything else deletes queues"
        ),
        Finding("access list", guarded, "on" if guarded else "off: anybody may enter", "`make stop`, then `make run`"),
        Finding("access refused", not refused, names or "nothing", "somebody tried what the access list forbids"),
    ]


def _is_guarded(stack: Stack) -> bool:
    """Whether the broker turns away whoever gives no name."""
    with redis.Redis(host=ports.HOST, port=stack.ports()["valkey"], socket_timeout=5) as stranger:
        try:
            stranger.ping()
        except AuthenticationError:
            return True
    return False
