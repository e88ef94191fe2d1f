"""The sandbox's mail server for one test, on free ports: what it received, and how to make it misbehave."""

import base64
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class MailServer:
    """A running mail server, and a client of its mailbox API."""

    http: httpx.AsyncClient
    port: int

    @property
    def url(self) -> str:
        """Of the sandbox's HTTP side."""
        return str(self.http.base_url).rstrip("/")

    @property
    def environment(self) -> dict[str, str]:
        """What the service's processes need to send by it."""
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.port),
            "SMTP_TLS": "none",
            "SMTP_FROM": "Waybill <waybill@example.com>",
            "SIGNING_KEYS": "k1:a-secret-for-tests-only",
            "ADDRESS_HASH_KEY": "another-secret-for-tests",
            "ENCRYPTION_KEYS": f"e1:{base64.b64encode(bytes(32)).decode()}",
            "SENDGRID_URL": f"{self.url}/sendgrid",
            "SENDGRID_API_KEY": "sandbox",
            "TWILIO_URL": f"{self.url}/twilio",
            "TWILIO_ACCOUNT_SID": "AC" + "5a" * 16,
            "TWILIO_AUTH_TOKEN": "sandbox",
            "TWILIO_PHONE_NUMBER": "+15005550006",
            "MSG91_URL": f"{self.url}/msg91",
            "MSG91_AUTH_KEY": "sandbox",
        }

    async def faults(self, *rules: dict[str, Any], provider: str = "smtp") -> None:
        """What to do wrong from now on, in the place of what was said before."""
        answer = await self.http.put(f"/faults/{provider}", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def mails(self, to: str = "*") -> list[dict[str, Any]]:
        """Summaries of what was received, the newest first."""
        found: list[dict[str, Any]] = (await self.http.get("/mail", params={"to": to, "limit": 500})).json()["items"]
        return found

    async def arrived(self, count: int, to: str = "*") -> None:
        """Wait until so many mails are there."""
        found = (await self.http.get("/mail/wait", params={"to": to, "count": count, "timeout": 15, "limit": 1})).json()
        assert found["reached"], f"{found['count']} mails of {count} arrived"

    async def newest(self, to: str = "*") -> EmailMessage:
        """The newest mail, read by the standard library's parser."""
        mail = (await self.mails(to))[0]
        raw = (await self.http.get(f"/mail/{mail['id']}/raw")).content
        return email.message_from_bytes(raw, policy=email.policy.SMTP)

    async def certificate(self) -> str:
        """The certificate to trust, as PEM."""
        return (await self.http.get("/smtp/certificate.pem")).text


@asynccontextmanager
async def mail_server_with(**settings: Any) -> AsyncIterator[MailServer]:
    """A mail server with settings of the sandbox."""
    async with (
        running(Settings(**{"http_port": 0, "smtp_port": 0, **settings})) as sandbox,
        httpx.AsyncClient(base_url=sandbox.http_url, timeout=30) as http,
    ):
        yield MailServer(http, sandbox.facts["smtp"]["port"])
