"""Following trips over real connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a browser gets it."""

    name: str
    id: str | None
    data: Any


@dataclass(slots=True)
class Stream:
    """An open stream. last_id: what a browser would come again with. seen: all but arrivals, which come when they come."""

    events: AsyncIterator[Event]
    last_id: str | None = None
    seen: list[Event] = field(default_factory=list)
    arrivals: list[Event] = field(default_factory=list)

    async def until_said(self, words: str) -> None:
        """Read on until an event says this."""
        async with asyncio.timeout(20):
            async for event in self.events:
                (self.arrivals if event.name == "eta" else self.seen).append(event)
                self.last_id = event.id or self.last_id
                if words in str(event.data):
                    break

    async def until(self, name: str, count: int = 1) -> list[Event]:
        """The next events until so many of a kind have come: those of that kind."""
        found: list[Event] = []
        async with asyncio.timeout(20):
            async for event in self.events:
                (self.arrivals if event.name == "eta" else self.seen).append(event)
                self.last_id = event.id or self.last_id
                if event.name == name:
                    found.append(event)
                if len(found) == count:
                    break
        return found


@asynccontextmanager
async def following(
    url: str, path: str, headers: dict[str, str] | None = None, last: str | None = None, **params: str
) -> AsyncIterator[Stream]:
    """A stream of an API behind a socket. Leaving ends the connection. last: the last id of a stream before."""
    sent = {**(headers or {}), **({"Last-Event-ID": last} if last else {})}
    async with (
        httpx.AsyncClient(base_url=url, timeout=20) as client,
        client.stream("GET", path, headers=sent, params=params) as response,
    ):
        assert response.status_code == 200, (await response.aread()).decode()
        yield Stream(_events(response))


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "event" in fields:
                yield Event(fields["event"], fields.get("id"), json.loads(fields["data"]))
            fields = {}
