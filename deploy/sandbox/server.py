"""The sandbox as a running thing: ledger, providers and HTTP on one event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

from deploy.sandbox.app import create_app
from deploy.sandbox.changes import Changes
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.listening import listen
from deploy.sandbox.provider import Core, Provider
from deploy.sandbox.providers import build
from deploy.sandbox.settings import Settings
from deploy.sandbox.timers import Timers


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that listens. facts: per provider, what its users must know to reach it."""

    settings: Settings
    http_url: str
    facts: dict[str, dict[str, Any]]


class _HttpServer(uvicorn.Server):
    """uvicorn as a task among others: signals are the process's own affair, and its start can be awaited."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """Run a sandbox on the current event loop. A taken port or an unusable folder raises SystemExit with a sentence."""
    changes = Changes()
    async with AsyncExitStack() as stack:
        sock = listen("SANDBOX_HTTP_PORT", settings.host, settings.http_port)
        stack.callback(sock.close)
        ledger = Ledger(settings.data, limit=settings.max_messages, changes=changes)
        stack.callback(ledger.close)
        core = Core(settings, changes, ledger, Timers(ledger))
        providers = build(core)
        for provider in providers:
            stack.push_async_callback(provider.stop)
            await provider.start()
        stack.push_async_callback(core.timers.stop)
        core.timers.start()
        await stack.enter_async_context(_http(core, providers, sock))
        yield Running(settings, _url(settings.host, sock), {provider.name: provider.facts() for provider in providers})


def http_config(app: FastAPI) -> uvicorn.Config:
    """How the app is served."""
    return uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
        # As providers' load balancers do, and longer than any client of ours: a connection that ends while a charge travels on it
        # leaves nobody knowing what became of the charge.
        timeout_keep_alive=75,
        backlog=512,
    )


@asynccontextmanager
async def _http(core: Core, providers: tuple[Provider, ...], sock: socket) -> AsyncIterator[None]:
    server = _HttpServer(http_config(create_app(core, providers)))
    task = asyncio.create_task(server.serve([sock]))
    await server.listening.wait()
    try:
        yield
    finally:
        # Whoever waits for mails or changes is answered now; uvicorn would otherwise wait for them.
        core.changes.close()
        server.should_exit = True
        await task


def _url(host: str, sock: socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{sock.getsockname()[1]}"
