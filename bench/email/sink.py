"""A mail server that keeps nothing: `python -m bench.email.sink`. Prints its port, and serves until it is ended.

It speaks as much SMTP as clients need, one asyncio protocol on uvloop, in a process of its own. Of each mail it looks for the
end of the text and the Message-ID, counts it, and answers; it parses nothing else, checks nothing and writes nothing to disk,
so that a client waits for it as little as possible. PIPELINING is announced unless --no-pipelining is given.

Three commands of its own: XCOUNT answers `250 <mails> <distinct Message-IDs>`, XWHEN <Message-ID> when that mail came first, by
the machine's monotonic clock, and XRESET begins to count anew.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Final, cast

import uvloop

_END: Final = b"\r\n.\r\n"
_MESSAGE_ID: Final = b"\r\nMessage-ID: "
_REPLIES: Final = {
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
}


class Counts:
    """What all connections together have received."""

    def __init__(self) -> None:
        self.mails = 0
        self.accepted_at: dict[bytes, float] = {}

    def add(self, text: bytes) -> None:
        """One mail."""
        self.mails += 1
        start = text.find(_MESSAGE_ID) + len(_MESSAGE_ID)
        self.accepted_at.setdefault(text[start : text.index(b"\r\n", start)], time.monotonic())

    def reset(self) -> None:
        self.mails = 0
        self.accepted_at.clear()


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, counts: Counts, greeting: bytes) -> None:
        self._counts = counts
        self._greeting = greeting
        self._buffer = bytearray()
        self._in_text = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        replies = bytearray()
        while (reply := self._next()) is not None:
            replies += reply
        if self._transport is not None and replies:
            self._transport.write(bytes(replies))
            if replies.endswith(b"bye\r\n"):
                self._transport.close()

    def _next(self) -> bytes | None:
        """The reply to the next command or text, None where it is not all there."""
        ending = _END if self._in_text else b"\r\n"
        end = self._buffer.find(ending)
        if end < 0:
            return None
        taken = bytes(self._buffer[: end + len(ending)])
        del self._buffer[: len(taken)]
        if self._in_text:
            self._in_text = False
            self._counts.add(b"\r\n" + taken)
            return b"250 2.0.0 ok\r\n"
        return self._answer(taken[:4].upper(), taken.partition(b" ")[2].strip())

    def _answer(self, verb: bytes, argument: bytes) -> bytes:
        self._in_text = verb == b"DATA"
        if verb in (b"EHLO", b"HELO"):
            return self._greeting
        if verb == b"QUIT":
            return b"221 2.0.0 bye\r\n"
        if verb == b"XCOU":
            return f"250 {self._counts.mails} {len(self._counts.accepted_at)}\r\n".encode()
        if verb == b"XWHE":
            moment = self._counts.accepted_at.get(argument)
            return f"250 {moment}\r\n".encode() if moment is not None else b"550 5.1.1 never\r\n"
        if verb == b"XRES":
            self._counts.reset()
            return b"250 0 0\r\n"
        return _REPLIES.get(verb, b"502 5.5.1 what\r\n")


async def serve(*, pipelining: bool) -> None:
    """Serve on a free port until the process is ended."""
    counts = Counts()
    extensions = ["sink", *(["PIPELINING"] if pipelining else []), "8BITMIME", "SMTPUTF8"]
    lines = [f"250-{extension}" for extension in extensions[:-1]] + [f"250 {extensions[-1]}"]
    greeting = "".join(f"{line}\r\n" for line in lines).encode()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(counts, greeting), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.email.sink", description=__doc__)
    parser.add_argument("--no-pipelining", action="store_true")
    uvloop.run(serve(pipelining=not parser.parse_args(arguments).no_pipelining))


if __name__ == "__main__":
    main(sys.argv[1:])
