"""A sandbox of its own for each test, on free ports, on the test's event loop."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aiosmtplib
import httpx
import pytest_asyncio

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from deploy.sandbox.tests.gateway_arrange import Razorpay, Stripe, razorpay_of, stripe_of

SENDER = "alerts@waybill.example"


@dataclass(frozen=True, slots=True)
class Harness:
    """A running sandbox: a client of its HTTP API, and its SMTP port."""

    http: httpx.AsyncClient
    smtp_port: int

    @asynccontextmanager
    async def smtp(self, **options: Any) -> AsyncIterator[aiosmtplib.SMTP]:
        """An SMTP connection, closed at the end unless the sandbox has dropped it."""
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self.smtp_port, timeout=20, **{"start_tls": False, **options})
        await client.connect()
        try:
            yield client
        finally:
            client.close()

    async def send(self, to: str | list[str], body: bytes = b"Subject: Hello\r\n\r\nHello.\r\n", sender: str = SENDER) -> str:
        """Send one mail on a connection of its own; the server's last answer."""
        async with self.smtp() as client:
            _, answer = await client.sendmail(sender, [to] if isinstance(to, str) else to, body)
            return answer

    async def faults(self, *rules: dict[str, Any]) -> None:
        """Put these rules in the place of all."""
        answer = await self.http.put("/faults/smtp", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path."""
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def count(self, to: str = "*") -> int:
        """How many mails there are to an address."""
        return int((await self.get("/mail/count", to=to))["count"])


class Start(Protocol):
    """Starts a sandbox with settings of the test's own."""

    async def __call__(self, **settings: Any) -> Harness: ...


@asynccontextmanager
async def harness(**settings: Any) -> AsyncIterator[Harness]:
    """A sandbox on free ports."""
    async with (
        running(Settings(**{"http_port": 0, "smtp_port": 0, **settings})) as sandbox,
        httpx.AsyncClient(base_url=sandbox.http_url, timeout=20) as http,
    ):
        yield Harness(http, sandbox.facts["smtp"]["port"])


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Harness]:
    """A sandbox with the usual settings."""
    async with harness() as started:
        yield started


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """A function that starts sandboxes, all stopped at the end of the test."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> Harness:
            return await stack.enter_async_context(harness(**settings))

        yield begin


@pytest_asyncio.fixture
async def razorpay(sandbox: Harness) -> Razorpay:
    """Razorpay's stand-in, and a client of it."""
    return razorpay_of(sandbox.http)


@pytest_asyncio.fixture
async def stripe(sandbox: Harness) -> Stripe:
    """Stripe's stand-in, and a client of it."""
    return stripe_of(sandbox.http)
