"""Posts many small bodies to few servers, over connections that stay open.

A gateway tells of a thousand events a second where a general HTTP client manages some hundred, on the same two cores on which
whoever is told of them works.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

import httptools

CONNECTIONS = 64


class Unanswered(Exception):
    """No answer: not reached, cut off, too late, or not HTTP."""


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time on it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send a request; the status of its answer."""
        assert self._transport is not None, "it has been connected"
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Give it up."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """A part of the answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, and with it whatever was asked."""
        self._fail(exc or ConnectionResetError("closed before the answer"))

    def on_message_complete(self) -> None:
        """The whole answer is there."""
        if not self._answer.done():
            self._answer.set_result(self._parser.get_status_code())
        if not self._parser.should_keep_alive():
            self.close()

    def _fail(self, error: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(Unanswered(str(error)))
            # Where nobody waits for it any more, nobody need be warned.
            self._answer.exception()


class Poster:
    """Belongs to one event loop. timeout_s: for each answer, from the moment at which a connection is free for it."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._free: dict[tuple[str, str], list[_Connection]] = defaultdict(list)
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer. Raises Unanswered."""
        return await self.ask("POST", url, body, headers)

    async def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer to a request of any method. Raises Unanswered."""
        parts = urlsplit(url)
        at = (parts.scheme, parts.netloc)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout_s):
                    connection = await self._connection(at, parts.hostname or "", parts.port)
                    return await self._ask(at, connection, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
            except (OSError, TimeoutError) as error:
                raise Unanswered(type(error).__name__) from error

    async def close(self) -> None:
        """Give back the connections."""
        for connections in self._free.values():
            for connection in connections:
                connection.close()
        self._free.clear()
        await asyncio.sleep(0)

    async def _connection(self, at: tuple[str, str], host: str, port: int | None) -> _Connection:
        while free := self._free[at]:
            found = free.pop()
            if found.is_open:
                return found
        context = ssl.create_default_context() if at[0] == "https" else None
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, host, port or (443 if context else 80), ssl=context)
        return made

    async def _ask(self, at: tuple[str, str], connection: _Connection, request: bytes) -> int:
        try:
            status = await connection.ask(request)
        except BaseException:
            # An answer that comes too late must not be taken for that of the next request.
            connection.close()
            raise
        if connection.is_open:
            self._free[at].append(connection)
        return status
