"""Commands and their replies on a connection that is ready for mail (RFC 5321 §4.2, RFC 2920).

aiosmtplib connects, secures and logs in, and knows one command at a time. From there on this takes its place: it lets several
commands be under way at once, and reads their replies in order.
"""

import asyncio
import math
import re
from collections import deque
from typing import Final, cast

from aiosmtplib import SMTPServerDisconnected

UNREADABLE: Final = -1
"""The code of a reply that is none."""

MAX_REPLY_BYTES: Final = 32_768
_FORBIDDEN: Final = re.compile(rb"[\x00-\x1f\x7f]")


class SmtpWire(asyncio.Protocol):
    """The transport of a connection on which no reply is awaited any more. Raises SMTPServerDisconnected when it is lost.

    until: when no reply is waited for any longer, by the loop's clock; it never gets earlier while one is. All mails of the
    connection have one timer, since one for each would cost more than its commands.
    """

    def __init__(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is None or transport.is_closing():
            raise SMTPServerDisconnected("the connection was lost")
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_protocol(self)
        self._buffer = bytearray()
        self._replies: deque[tuple[int, str]] = deque()
        self._awaited = 0
        self._waiter: asyncio.Future[None] | None = None
        self._lost: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.until = math.inf

    @property
    def is_open(self) -> bool:
        return self._lost is None and not self._transport.is_closing()

    def command(self, *lines: bytes) -> None:
        """Send commands, all at once; `reply` is to be called once for each. Raises ValueError for one that is two."""
        if any(map(_FORBIDDEN.search, lines)):
            raise ValueError("a command holds a control character, and the server would read on behind it")
        self._send(b"\r\n".join(lines) + b"\r\n", len(lines))

    def text(self, content: bytes) -> None:
        """Send a mail, with CRLF line ends, and its end; `reply` is to be called once."""
        self._send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n", 1)

    async def reply(self) -> tuple[int, str]:
        """The next reply: its code, and its text with one line per line. UNREADABLE ends the connection. Raises TimeoutError."""
        while not self._replies:
            if self._lost is not None:
                raise SMTPServerDisconnected("the connection was lost") from self._lost
            self._waiter = self._loop.create_future()
            self._watch()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._awaited -= 1
        return self._replies.popleft()

    def close(self) -> None:
        self._stop_watching()
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if not self._awaited:
            # Said unasked, such as a farewell; what it means shows in the next command's reply.
            return
        self._buffer += data
        while (end := _end_of_reply(self._buffer)) > 0:
            self._replies.append(_parsed(bytes(self._buffer[:end])))
            del self._buffer[:end]
            if self._replies[-1][0] == UNREADABLE:
                self._transport.close()
                break
        if len(self._buffer) > MAX_REPLY_BYTES:
            self._buffer.clear()
            self._replies.append((UNREADABLE, "the reply is too long"))
            self._transport.close()
        if self._replies:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc or ConnectionResetError("the server closed the connection")
        self._stop_watching()
        self._wake()

    def _send(self, data: bytes, replies: int) -> None:
        if not self.is_open:
            raise SMTPServerDisconnected("the connection was lost") from self._lost
        self._awaited += replies
        self._transport.write(data)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _watch(self) -> None:
        """Have a timer; one that was set for a mail before this one looks at the time anew."""
        if self._timer is None and self.until < math.inf:
            self._timer = self._loop.call_at(self.until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() >= self.until:
            self._waiter.set_exception(TimeoutError())
        else:
            self._watch()

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _end_of_reply(buffer: bytearray) -> int:
    """Where the first reply ends, several lines together; 0 where it is not all there."""
    start = 0
    while (end := buffer.find(b"\n", start) + 1) > 0:
        if buffer[start + 3 : start + 4] != b"-":
            return end
        start = end
    return 0


def _parsed(reply: bytes) -> tuple[int, str]:
    lines = reply.splitlines()
    code = lines[-1][:3]
    if not (code.isdigit() and len(code) == 3):
        return UNREADABLE, lines[-1].decode(errors="replace")
    return int(code), b"\n".join([line[4:].strip() for line in lines]).decode(errors="surrogateescape")
