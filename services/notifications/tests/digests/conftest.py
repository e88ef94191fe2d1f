"""A trips service beside the fixtures that every test has."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from services.notifications.settings import NotificationsSettings


@dataclass
class TripsStandIn:
    """What the trips service answers, and what it was asked. body: None answers with the bare status."""

    url: str = ""
    status: int = 404
    body: Any = None
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        self.asked.append(head.split(" ")[1])
        body = json.dumps(self.body).encode() if self.body is not None else b""
        lines = [f"HTTP/1.1 {self.status} Answer", f"Content-Length: {len(body)}", "Connection: close"]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        writer.close()


@pytest_asyncio.fixture
async def trips() -> AsyncIterator[TripsStandIn]:
    """The trips service, as far as its socket shows."""
    stand_in = TripsStandIn()
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    stand_in.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield stand_in


@pytest.fixture
def settings(settings: NotificationsSettings, trips: TripsStandIn) -> NotificationsSettings:
    """The service's settings, with this test's trips service."""
    return settings.model_copy(update={"trips_url": trips.url, "frontend_url": "https://app.example.com"})
