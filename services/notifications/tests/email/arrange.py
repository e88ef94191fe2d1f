"""Mails, and providers that talk to the sandbox or to a scripted server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from services.notifications.email.mime import Attachment, Content, mailbox, sender_mailbox
from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.sendgrid import SendGridAccount, SendGridProvider
from services.notifications.email.ses import SesAccount, SesProvider
from services.notifications.email.sigv4 import AwsKey

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SANDBOX_KEY = AwsKey("sandbox", "sandbox")
SENDER = sender_mailbox("Waybill <waybill@example.com>")


def email(
    to: str = "ann@example.com",
    *,
    name: str | None = "Ann",
    text: str = "Hello Ann",
    html: str | None = "<p>Hello Ann</p>",
    subject: str = "Your order",
    bulk: bool = False,
    delivery_id: UUID | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> OutgoingEmail:
    """A mail to one person."""
    ref = delivery_id or uuid4()
    return OutgoingEmail(
        delivery_id=ref,
        sender=SENDER,
        envelope_sender=f"bounce+{ref.hex}@bounces.example.com",
        recipient=mailbox(to, name),
        content=Content(subject, text, html),
        message_id=f"<{ref}@example.com>",
        date=NOW,
        headers=headers,
        attachments=attachments,
        bulk=bulk,
    )


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox and a client of its HTTP API."""

    http: httpx.AsyncClient
    url: str

    async def faults(self, provider: str, *rules: dict[str, Any]) -> None:
        """Put these rules in the place of all."""
        answer = await self.http.put(f"/faults/{provider}", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def mails(self, to: str = "*") -> list[dict[str, Any]]:
        """Whole mails, the oldest first."""
        items = (await self.http.get("/mail", params={"to": to, "limit": 500})).json()["items"]
        return [(await self.http.get(f"/mail/{item['id']}")).json() for item in reversed(items)]

    async def recipients(self) -> list[str]:
        """Who got a mail, in alphabetical order, once per mail."""
        items = (await self.http.get("/mail", params={"limit": 500})).json()["items"]
        return sorted(item["envelope"]["rcpt_to"][0] for item in items)

    async def requests(self, provider: str) -> list[dict[str, Any]]:
        """The JSON of the requests that were taken, the oldest first."""
        items = (await self.http.get(f"/{provider}/requests", params={"limit": 500})).json()["items"]
        return [(await self.http.get(f"/{provider}/requests/{item['id']}")).json() for item in reversed(items)]


@asynccontextmanager
async def sandbox_with(**settings: Any) -> AsyncIterator[Sandbox]:
    """A sandbox on free ports."""
    async with (
        running(Settings(**{"http_port": 0, "smtp_port": 0, **settings})) as sandbox,
        httpx.AsyncClient(base_url=sandbox.http_url, timeout=30) as http,
    ):
        yield Sandbox(http, sandbox.http_url)


@asynccontextmanager
async def sendgrid(url: str, *, key: str = "sandbox", time_factor: float = 1.0) -> AsyncIterator[SendGridProvider]:
    """A provider that ends with the block."""
    provider = SendGridProvider(SendGridAccount(key, url), time_factor=time_factor)
    try:
        yield provider
    finally:
        await provider.close()


@asynccontextmanager
async def ses(
    url: str, *, key: AwsKey = SANDBOX_KEY, configuration_set: str | None = None, time_factor: float = 1.0
) -> AsyncIterator[SesProvider]:
    """A provider that ends with the block."""
    account = SesAccount("ap-south-1", key, configuration_set, url)
    provider = SesProvider(account, time_factor=time_factor)
    try:
        yield provider
    finally:
        await provider.close()
