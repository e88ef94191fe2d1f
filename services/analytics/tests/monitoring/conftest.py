"""The analytics API behind a socket, as the owner of its own operations; the other services are away."""

import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.analytics.settings import AnalyticsSettings
from shared.testing.http_server import serving, url_of


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Where the API will be reached."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def settings(settings: AnalyticsSettings, listener: socket.socket) -> AnalyticsSettings:
    """Nothing listens where the payments API is said to be; of the others nobody has said anything."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = url_of(closed)
    return settings.model_copy(update={"analytics_url": url_of(listener), "payments_url": nobody})


@pytest_asyncio.fixture
async def served(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    """The API on its socket."""
    async with serving(app, listener):
        yield
