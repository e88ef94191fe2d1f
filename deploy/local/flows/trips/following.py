"""Following a trip as a browser does: server-sent events, and on with the last id."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    name: str
    data: Any


@dataclass(slots=True)
class Follower:
    """A follower of one trip. events: all that it has seen, over its connections. last_id: with which it comes again."""

    client: httpx.AsyncClient
    path: str
    last_id: str | None = None
    events: list[Event] = field(default_factory=list)

    def named(self, name: str) -> list[Any]:
        """What the events of a name have said."""
        return [event.data for event in self.events if event.name == name]

    async def follow(self, until: Callable[["Follower"], bool], timeout_s: float) -> None:
        """Follow over one connection until it has seen enough, or the server is gone. Raises TimeoutError."""
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        async with asyncio.timeout(timeout_s):
            try:
                async with self.client.stream("GET", self.path, headers=headers) as answer:
                    answer.raise_for_status()
                    async for event, last_id in _events(answer):
                        # A browser keeps the id of what carries no event, too: a heartbeat's.
                        self.last_id = last_id or self.last_id
                        if event is not None:
                            self.events.append(event)
                        if until(self):
                            return
            except httpx.TransportError:
                return

    async def last_place(self, newest: datetime, timeout_s: float) -> list[datetime]:
        """When the vehicle was at the place that was told last; follows on until it is the newest, or the time is over.

        Places are told half a second after each other, so the last one may come after the status that ends the trip.
        """
        with contextlib.suppress(TimeoutError):
            await self.follow(lambda one: newest in one.moments(), timeout_s)
        return self.moments()[-1:]

    def moments(self) -> list[datetime]:
        """When the vehicle was at the places that were told."""
        return [datetime.fromisoformat(place["recorded_at"]) for place in self.named("position")]


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[Event | None, str | None]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        event = Event(fields["event"], json.loads(fields["data"])) if "event" in fields else None
        yield event, fields.get("id")
        fields = {}
