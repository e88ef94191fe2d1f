"""An API of a benchmark's own: started, asked, and ended with the block."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from bench.stack import Stack
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.servers import free_port
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

ORGANIZATION: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
OURS: Final = "services.payments.app:app"


@dataclass(frozen=True, slots=True)
class Api:
    """One that answers at url, to whoever sends these headers."""

    url: str
    pid: int
    headers: Mapping[str, str]

    async def ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """What it answers to a request that must be good."""
        async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=30) as http:
            answer = await http.request(method, path, json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found


@cache
def _keys(folder: Path) -> SigningKeys:
    """One set for all APIs of a stack: new ones would be written over those of an API that runs."""
    return SigningKeys(folder)


@asynccontextmanager
async def served(stack: Stack, app: str = OURS) -> AsyncIterator[Api]:
    """Ready; ours hosts its relay, as `make run` has it."""
    keys, port = _keys(stack.home), free_port()
    headers = {"Authorization": f"Bearer {keys.token('admin', organization_id=ORGANIZATION)}", "Content-Type": "application/json"}
    settings = {"AUTH_JWKS": str(keys.jwks_file), "RELAY_IN_API": "true", "RATE_LIMIT": "100000/second"}
    program = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log", "--timeout-keep-alive", "75"]
    environment = stack.environment("payments", **settings)
    child = ChildProcess(app, program, log=stack.home / f"{port}.log", env=environment, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as http:

            async def is_ready() -> bool:
                try:
                    return (await http.get("/readyz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(is_ready, 60, "the API is not ready")
        yield Api(url, child.pid, headers)
    finally:
        child.stop(timeout_s=15)
