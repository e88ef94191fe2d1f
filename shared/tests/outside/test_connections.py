"""Connections of an account: as many as are needed at once, used again, and closed when they are not needed any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
import pytest

from shared.runtime.outside.connections import Connections
from shared.testing.wait import eventually

_ANSWER: Final = b"HTTP/1.1 204 x\r\n\r\n"
LONG_S: Final = 3600.0


@dataclass(slots=True)
class Door:
    """A server that answers when it is let. opened: connections so far; open: those that are."""

    port: int = 0
    opened: int = 0
    open: int = 0
    asked: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened, self.open = self.opened + 1, self.open + 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                await self.answers.wait()
                writer.write(_ANSWER)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def door(*, idle_s: float = LONG_S, most: int = 8) -> AsyncIterator[tuple[Door, Connections]]:
    """A server, and connections to it."""
    served = Door()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]

    def make() -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", limits=limits, trust_env=False)

    connections = Connections(make, most=most, idle_s=idle_s)
    try:
        yield served, connections
    finally:
        await connections.close()
        server.close()


async def ask(connections: Connections) -> int:
    async with connections.turns:
        return (await connections.request("GET", "/")).status_code


async def at_once(served: Door, connections: Connections, count: int) -> list[int]:
    """So many calls that are all under way before any of them is answered."""
    served.answers.clear()
    calls = [asyncio.create_task(ask(connections)) for _ in range(count)]
    asked = served.asked
    await eventually(lambda: served.asked == asked + count, 10, "not all are under way")
    served.answers.set()
    return await asyncio.gather(*calls)


async def test_calls_at_once_have_a_connection_each_and_later_ones_use_them_again() -> None:
    async with door() as (served, connections):
        assert await at_once(served, connections, 4) == [204] * 4
        for _ in range(6):
            await ask(connections)
        await at_once(served, connections, 4)

        assert (served.opened, served.open, served.asked) == (4, 4, 14)


async def test_no_more_connections_than_turns() -> None:
    async with door(most=2) as (served, connections):
        served.answers.set()

        await asyncio.gather(*(ask(connections) for _ in range(10)))

        assert (served.opened, served.asked) == (2, 10)


async def test_connections_that_a_busier_time_has_left_are_closed_by_later_calls() -> None:
    async with door(idle_s=0.0) as (served, connections):
        await at_once(served, connections, 4)

        await ask(connections)

        await eventually(lambda: served.open == 1, 10, "old connections stay open")
        assert served.opened == 5


async def test_call_that_was_broken_off_leaves_its_place_to_others() -> None:
    async with door(most=1) as (served, connections):
        given_up = asyncio.create_task(ask(connections))
        await eventually(lambda: served.asked == 1, 10, "it is not under way")
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        served.answers.set()

        assert await ask(connections) == 204
        assert served.opened == 2


async def test_closing_ends_all_connections() -> None:
    async with door() as (served, connections):
        await at_once(served, connections, 3)

        await connections.close()

        await eventually(lambda: served.open == 0, 10, "connections stay open")
