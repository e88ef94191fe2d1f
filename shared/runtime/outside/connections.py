"""The connections of one account: a client for each, of which the one that was used last is used next.

One client with many connections asks each of them, at every step of each call, whether it is still open (httpcore's
`AsyncConnectionPool._assign_requests_to_connections`). With 32 of them that took four fifths of a worker's time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import httpx

# What was said of the bytes as they travelled is not true of those that are handed on.
_OF_THE_WIRE: Final = ("Content-Encoding", "Content-Length", "Transfer-Encoding")


class BodyTooLarge(httpx.HTTPError):
    """An answer has more bytes than whoever asked takes."""


class Connections:
    """make: a client that opens one connection at most. most: calls at once; whoever comes later waits for their turn.

    idle_s: how long a connection that nobody needs is kept while others are in use.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, most: int, idle_s: float) -> None:
        self._make = make
        self._idle_s = idle_s
        self._idle: deque[tuple[float, httpx.AsyncClient]] = deque()
        self._busy: set[httpx.AsyncClient] = set()
        self.turns = asyncio.Semaphore(most)

    async def request(self, method: str, url: str, *, most_bytes: int | None = None, **request: Any) -> httpx.Response:
        """As httpx does it, on a connection that nobody else uses meanwhile. A turn of `turns` is held.

        most_bytes: of the body, unpacked. Raises BodyTooLarge as soon as there are more.
        """
        # Before the call, so that nothing can come between its reply and whoever waits for it.
        await self._trim()
        client = self._idle.pop()[1] if self._idle else self._make()
        self._busy.add(client)
        try:
            if most_bytes is not None:
                return await _bounded(client, method, url, most_bytes, request)
            return await client.request(method, url, **request)
        finally:
            self._busy.discard(client)
            self._idle.append((asyncio.get_running_loop().time(), client))

    async def close(self) -> None:
        """Close all; what is under way ends."""
        for client in (*self._busy, *(client for _, client in self._idle)):
            await client.aclose()
        self._idle.clear()

    async def _trim(self) -> None:
        """Close those that a busier hour has left."""
        until = asyncio.get_running_loop().time() - self._idle_s
        while self._idle and self._idle[0][0] < until:
            _, client = self._idle.popleft()
            # How a connection ends that nobody uses is nobody's affair.
            with suppress(Exception):
                await client.aclose()


async def _bounded(client: httpx.AsyncClient, method: str, url: str, most_bytes: int, request: dict[str, Any]) -> httpx.Response:
    """The response with its body, which is never held beyond its limit, however it was packed."""
    body = bytearray()
    async with client.stream(method, url, **request) as response:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > most_bytes:
                raise BodyTooLarge(f"the answer has more than {most_bytes} bytes")
    headers = httpx.Headers([(name, value) for name, value in response.headers.items() if name.title() not in _OF_THE_WIRE])
    return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=response.request)
