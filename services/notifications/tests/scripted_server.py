"""An SMTP server that says exactly what a test has written down, for what the sandbox never says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

HANG_UP = "hang up"
SILENCE = "silence"
LATER = "later"
HELD = "held"
DEAF = "deaf"
PIPELINING = "250-test\n250 PIPELINING"
"""What a server says to EHLO that takes several commands at once."""
_USUAL = {
    "GREETING": "220 ready",
    "EHLO": "250 test",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 ok",
}


@dataclass(slots=True)
class ScriptedServer:
    """answers: for a command's verb (GREETING before all, `.` for the end of a text) the reply, HANG_UP, SILENCE, or LATER for
    the usual reply together with the next one, HELD for the usual reply once `release` is set, DEAF for the usual reply before it
    reads no more, each for one time; afterwards all goes well. Several lines of a reply are joined by newlines.
    piece_bytes: how much of a reply is sent at a time; 0 for all. drops_behind_texts: what has come together with a text is not
    read.

    seen: the commands in their order, all connections together. texts: how many mails came to their end.
    open_now, most_open: connections.
    """

    answers: dict[str, list[str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    piece_bytes: int = 0
    texts: int = 0
    port: int = 0
    open_now: int = 0
    most_open: int = 0
    drops_behind_texts: bool = False
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, verb: str, *replies: str) -> None:
        """Answer the next commands of this verb so."""
        self.answers.setdefault(verb, []).extend(replies)

    def count(self, verb: str) -> int:
        """How often a command came."""
        return sum(1 for command in self.seen if command.startswith(verb))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_now -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, held = "GREETING", b""
        while True:
            scripted = self.answers.get(verb)
            reply = scripted.pop(0) if scripted else _USUAL.get(verb, "250 ok")
            if reply == HANG_UP:
                return
            if reply == SILENCE:
                await reader.read()
                return
            if reply == HELD:
                await self.release.wait()
            said = _USUAL.get(verb, "250 ok") if reply in (LATER, HELD, DEAF) else reply
            held += said.replace("\n", "\r\n").encode() + b"\r\n"
            if reply != LATER:
                await self._send(writer, held)
                held = b""
            if reply == DEAF:
                await self.release.wait()
            if verb == "QUIT" or reply.startswith("421"):
                return
            if verb == "DATA" and said.startswith("354"):
                await reader.readuntil(b"\r\n.\r\n")
                self.texts += 1
                if self.drops_behind_texts:
                    await _drop(reader)
                verb = "."
            else:
                line = (await reader.readuntil(b"\r\n")).decode().strip()
                verb = line.split(" ", 1)[0].upper()
                self.seen.append(line)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        size = self.piece_bytes or len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)


async def _drop(reader: asyncio.StreamReader) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            await reader.read(65_536)


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A server on a free port."""
    script = ScriptedServer()
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        script.release.set()
        server.close()
