"""An HTTP server that answers exactly what a test has written down, for what the sandbox never says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HANG_UP = "hang up"
SILENCE = "silence"
HANG_UP_IN_BODY = "hang up in body"
SILENCE_IN_BODY = "silence in body"


@dataclass(slots=True)
class ScriptedApi:
    """answers: each for one request, in this order; the last one again and again.

    HANG_UP and SILENCE come after the whole request has been read; those …IN_BODY when only its headers have been.
    """

    answers: list[bytes | str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    _open: dict["asyncio.Task[None] | None", asyncio.StreamWriter] = field(default_factory=dict)
    _is_over: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer so. body: bytes as they are, everything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.answers.append("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self._open[asyncio.current_task()] = writer
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # What streams are served by is told of as an error where it ends by being cancelled (CPython 3.11).
            if not self._is_over:
                raise
        finally:
            writer.close()
            self._open.pop(asyncio.current_task(), None)

    async def end(self) -> None:
        """Let go of every connection that is still there."""
        self._is_over = True
        for writer in self._open.values():
            writer.transport.abort()
        for task in filter(None, list(self._open)):
            task.cancel()
            await task
        # A transport that was closed lets go of its socket in the next turn.
        await asyncio.sleep(0)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == HANG_UP_IN_BODY:
            writer.transport.abort()
            return False
        if answer == SILENCE_IN_BODY:
            await asyncio.Event().wait()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((head[0], headers, body))
        if answer == SILENCE:
            await reader.read()
        if isinstance(answer, str):
            return False
        writer.write(answer)
        await writer.drain()
        return True


@asynccontextmanager
async def scripted_api(tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedApi]:
    """A server on a free port."""
    script = ScriptedApi()
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=tls)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
        await script.end()
