"""An HTTP server that answers exactly the bytes that a test has written down, for what the stand-ins never say."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class HttpScript:
    """replies: one for each request, in their order; None for silence, empty for a connection that is closed. seen: requests."""

    replies: list[bytes | None] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    url: str = ""

    def answer(self, status: int, body: str, *headers: str) -> None:
        """Answer the next request so."""
        content = body.encode()
        head = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(content)}", *headers]
        self.replies.append("\r\n".join([*head, "", ""]).encode() + content)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            self.seen.append(await reader.readuntil(b"\r\n\r\n"))
            reply = self.replies.pop(0)
            if reply is None:
                await reader.read()
            else:
                writer.write(reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def http_script(context: ssl.SSLContext | None = None) -> AsyncIterator[HttpScript]:
    """A server on a free port, under TLS where it is given a context."""
    script = HttpScript()
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=context)
    script.url = f"{'http' if context is None else 'https'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield script
