"""Services side by side as real processes, and a mail server that takes what they send."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from services.notifications.tests.mail_server import MailServer, mail_server_with
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys


@dataclass(frozen=True)
class Company:
    """alerts, and notifications behind it. api: the API of alerts, as an operator. mails: where mail ends up."""

    api: httpx.AsyncClient
    mails: MailServer

    async def read(self, path: str, **params: str) -> Any:
        """What is at a path."""
        return (await self.api.get(path, params=params)).raise_for_status().json()

    async def change(self, path: str, **fields: Any) -> None:
        """Change what is at a path, as it stands there now."""
        tag = (await self.api.get(path)).raise_for_status().headers["ETag"]
        (await self.api.patch(path, json=fields, headers={"If-Match": tag})).raise_for_status()


@pytest_asyncio.fixture
async def company(processes: Processes, signing_keys: SigningKeys) -> AsyncIterator[Company]:
    """Both services at work, with a worker and a relay each."""
    async with mail_server_with() as mails:
        api = processes.api("alerts", RELAY_IN_API="true")
        others = (
            processes.worker("alerts", "--concurrency", "1"),
            processes.worker("notifications", "--concurrency", "1", **mails.environment),
            processes.relay("notifications", program=None, **mails.environment),
        )
        for process in (api, *others):
            await process.ready()
        headers = {"Authorization": f"Bearer {signing_keys.token('operator')}"}
        async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=10) as client:
            yield Company(client, mails)
