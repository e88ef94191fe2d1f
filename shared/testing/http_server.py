"""An application behind a socket, in the test's own event loop: for streams, and for others who call it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import FastAPI

from shared.testing.wait import eventually


class _Server(uvicorn.Server):
    """A server as a task among others."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: they are the test's own affair."""
        yield


def url_of(listener: socket.socket) -> str:
    """Where a listening socket of the loopback interface is reached."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.asynccontextmanager
async def serving(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the application on a listening socket, which is closed at the end; what is being answered then has 3 seconds.

    The application's lifespan is not begun here: the fixture `app` has done that.
    """
    server = _Server(uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=3))
    task = asyncio.create_task(server.serve([listener]))
    try:
        await eventually(lambda: server.started, message="the server does not listen")
        yield
    finally:
        server.should_exit = True
        await task
