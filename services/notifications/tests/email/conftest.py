"""Providers that end with the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio

from services.notifications.email.smtp import SmtpProvider, SmtpServer

Open = Callable[..., SmtpProvider]


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Open]:
    """Opens providers that end with the test."""
    async with AsyncExitStack() as stack:

        def open_provider(port: int, *, pool_size: int = 2, time_factor: float = 1.0, **server: Any) -> SmtpProvider:
            where = SmtpServer(**{"host": "127.0.0.1", "port": port, "tls": "none", **server})
            provider = SmtpProvider(where, pool_size=pool_size, time_factor=time_factor)
            stack.push_async_callback(provider.close)
            return provider

        yield open_provider
