"""/livez, /readyz, /version and /metrics.

/livez has no dependencies: restarting the process would not bring a database back. /readyz asks the database, the broker and
the schema's version; its result is kept for two seconds, so probes cost nothing whoever sends them.
"""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from shared.contracts.registry import messages
from shared.runtime.auth.access import public
from shared.runtime.errors import Unavailable
from shared.runtime.exposition import CONTENT_TYPE, exposition
from shared.runtime.http.health_schemas import Check, Live, Ready, Version
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import UNLIMITED
from shared.runtime.http.runtime import HttpRuntime, runtime_of
from shared.runtime.metrics import REGISTRY
from shared.runtime.settings import ROOT

CHECK_TIMEOUT_S: Final = 2.0
KEPT_S: Final = 2.0
_NUMBERED: Final = re.compile(r"(\d{4})_\w+\.py")

router = APIRouter(tags=["health"])


class NotReady(Unavailable):
    code, title = "not_ready", "The service is not ready"


@router.get("/livez", summary="Whether the process runs", dependencies=[public("probes have no credentials", limit=UNLIMITED)])
async def livez() -> Live:
    """Answers as long as the process can; asks nobody else."""
    return Live()


@router.get(
    "/readyz",
    summary="Whether requests can be served",
    responses=problems(NotReady),
    dependencies=[public("probes have no credentials", limit=UNLIMITED)],
)
async def readyz(request: Request) -> Ready:
    """Asks the database, the broker and the schema's version. 503 names what failed; results are kept for two seconds."""
    readiness: Readiness = request.app.state.readiness
    checks = await readiness.checks(runtime_of(request))
    failed = [f"{name} {check.problem}" for name, check in checks.items() if not check.ok]
    if failed:
        raise NotReady("; ".join(failed), checks={name: check.model_dump() for name, check in checks.items()})
    return Ready(checks=checks)


@router.get("/version", summary="What runs here", dependencies=[public("says nothing that is secret")])
async def version(request: Request) -> Version:
    """The service, its version and the digest of the contracts that it was built with."""
    settings = runtime_of(request).settings
    return Version(service=settings.service, version=settings.version, contracts=contracts_digest())


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    dependencies=[public("scraped inside the cluster; holds counts only", limit=UNLIMITED)],
)
async def metrics() -> Response:
    """The process's metrics in Prometheus' text format."""
    return Response(exposition(REGISTRY), media_type=CONTENT_TYPE)


@cache
def contracts_digest() -> str:
    """Twelve hex digits over names, lanes and JSON Schemas of all messages."""
    described = {
        name: {"lanes": [lane.name for lane in message.contract.lanes], "schema": message.model_json_schema()}
        for name, message in messages().items()
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(slots=True)
class Readiness:
    """The checks of one process, done at most every two seconds."""

    _until: float = 0.0
    _last: dict[str, Check] | None = None

    async def checks(self, runtime: HttpRuntime) -> dict[str, Check]:
        if self._last is None or time.monotonic() >= self._until:
            # Two probes at the same moment may both ask; that is cheaper than a lock that a hanging check would hold.
            results = await asyncio.gather(*(_checked(check, runtime) for check in CHECKS.values()))
            self._last, self._until = dict(zip(CHECKS, results, strict=True)), time.monotonic() + KEPT_S
        return self._last


async def _database(runtime: HttpRuntime) -> str | None:
    async with runtime.database.read() as session:
        await session.execute(text("SELECT 1"))
    return None


async def _broker(runtime: HttpRuntime) -> str | None:
    await cast("Awaitable[Any]", runtime.redis.ping())
    return None


async def _migrations(runtime: HttpRuntime) -> str | None:
    service = runtime.settings.service
    expected = newest_migration(service)
    async with runtime.database.read() as session:
        applied = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    # A newer schema is fine: migrations work while the code before them still runs.
    if expected is not None and (applied is None or applied[:4] < expected):
        return f"are at {applied or 'none'} and not yet at {expected}: run `python -m shared.runtime.migrate {service} upgrade`"
    return None


CHECKS: Final[dict[str, Callable[[HttpRuntime], Awaitable[str | None]]]] = {
    "database": _database,
    "broker": _broker,
    "migrations": _migrations,
}
"""What a service needs to be ready. Each says what is wrong, or None."""


async def _checked(check: Callable[[HttpRuntime], Awaitable[str | None]], runtime: HttpRuntime) -> Check:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            problem = await check(runtime)
    except TimeoutError:
        problem = f"does not answer within {CHECK_TIMEOUT_S:g} s"
    except Exception as error:  # noqa: BLE001 — whatever it is, the service is not ready and must say so.
        problem = f"failed ({type(getattr(error, 'orig', None) or error).__name__})"
    return Check(ok=problem is None, problem=problem)


@cache
def newest_migration(service: str, root: Path = ROOT) -> str | None:
    """The four digits of the newest file in the service's migrations, None where there is none."""
    names = (_NUMBERED.fullmatch(file.name) for file in (root / "services" / service / "migrations" / "versions").glob("*.py"))
    return max((match[1] for match in names if match), default=None)
