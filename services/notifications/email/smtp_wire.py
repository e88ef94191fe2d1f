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
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f]")


class Exchange:
    """Commands that belong to one mail, and the replies to them as they come.

    until: when a reply is no longer waited for. since: when the server came to it; None while it is at what went out before. Both
    by the loop's clock. abandoned: nobody will read its replies.
    """

    def __init__(self, wire: "SmtpWire", replies: int, until: float) -> None:
        self._wire = wire
        self._missing = replies
        self._replies: deque[tuple[int, str]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.until = until
        self.since: float | None = None
        self.abandoned = False

    async def reply(self) -> tuple[int, str]:
        """The next reply: its code, and its text with one line per line; to be called once for each command. UNREADABLE ends the
        connection. Raises SMTPServerDisconnected and TimeoutError."""
        while not self._replies:
            self._waiter = self._wire.waiter(self.until)
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._replies.popleft()

    def abandon(self) -> None:
        """Close the connection, but for whoever still waits for the reply to a text that went out before."""
        self._wire.abandon(self)

    def add(self, reply: tuple[int, str]) -> bool:
        """One that has come. Returns whether it was the last."""
        self._replies.append(reply)
        self._missing -= 1
        self.wake()
        return self._missing == 0

    def wake(self) -> None:
        """Let whoever waits look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def expire(self, now: float) -> bool:
        """End the waiting whose time is over. Returns whether there still is some."""
        if self._waiter is None or self._waiter.done():
            return False
        if now < self.until:
            return True
        self._waiter.set_exception(TimeoutError())
        return False


class SmtpWire(asyncio.Protocol):
    """The transport of a connection on which no reply is awaited any more. Raises SMTPServerDisconnected when it is lost.

    All exchanges of the connection have one timer, since one for each would cost more than its commands. It is set for the
    oldest, so none may end earlier than one that was sent before it.
    """

    def __init__(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is None or transport.is_closing():
            raise SMTPServerDisconnected("the connection was lost")
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_protocol(self)
        self._buffer = bytearray()
        self._under_way: deque[Exchange] = deque()
        self._lost: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether the next mail may have it."""
        return self._lost is None and not self._transport.is_closing() and not any(one.abandoned for one in self._under_way)

    def send(self, *parts: tuple[bytes, int, float]) -> list[Exchange]:
        """Send bytes in one go. Each part: what belongs to one mail, how many replies it gets, and until when they are waited
        for."""
        if not self.is_open:
            raise SMTPServerDisconnected("the connection was lost") from self._lost
        exchanges = [Exchange(self, replies, until) for _, replies, until in parts]
        self._under_way.extend(exchanges)
        self._begin_first()
        self._transport.write(b"".join([data for data, _, _ in parts]))
        return exchanges

    def waiter(self, until: float) -> "asyncio.Future[None]":
        """What a reply is waited for with, watched by the timer."""
        if self._lost is not None:
            raise SMTPServerDisconnected("the connection was lost") from self._lost
        self._watch(until)
        return self._loop.create_future()

    def abandon(self, exchange: Exchange) -> None:
        """Close as soon as nothing that went out before this exchange is unanswered."""
        exchange.abandoned = True
        if exchange.since is not None:
            self.close()

    def close(self) -> None:
        """Close at once. What has not been sent is dropped, and whoever waits learns of it."""
        self._lose(ConnectionAbortedError("the connection was given up"))
        # Not `close`, which first sends what a server that does not read any more never takes, and keeps it until then.
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._under_way and (end := _end_of_reply(self._buffer)) > 0:
            reply = _parsed(bytes(self._buffer[:end]))
            del self._buffer[:end]
            self._add(reply)
            if reply[0] == UNREADABLE or (self._under_way and self._under_way[0].abandoned):
                self.close()
                return
        if not self._under_way:
            # Said unasked, such as a farewell; what it means shows in the next command's reply.
            self._buffer.clear()
        elif len(self._buffer) > MAX_REPLY_BYTES:
            self._add((UNREADABLE, "the reply is too long"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc or ConnectionResetError("the server closed the connection"))

    def _add(self, reply: tuple[int, str]) -> None:
        if self._under_way[0].add(reply):
            self._under_way.popleft()
            self._begin_first()

    def _begin_first(self) -> None:
        if self._under_way and self._under_way[0].since is None:
            self._under_way[0].since = self._loop.time()

    def _lose(self, reason: Exception) -> None:
        self._lost = self._lost or reason
        self._buffer.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for exchange in self._under_way:
            exchange.wake()

    def _watch(self, until: float) -> None:
        """Have a timer; one that was set for a mail before this one looks at the time anew."""
        if self._timer is None and until < math.inf:
            self._timer = self._loop.call_at(until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        now = self._loop.time()
        waiting = [exchange.until for exchange in self._under_way if exchange.expire(now)]
        if waiting:
            self._watch(min(waiting))


def is_one_line(text: str) -> bool:
    """Whether a server reads it as a part of one command."""
    return _FORBIDDEN.search(text) is None


def commands(*lines: str) -> bytes:
    """Commands as they travel."""
    return "\r\n".join((*lines, "")).encode()


def text(content: bytes) -> bytes:
    """A mail with CRLF line ends as it travels, its end included (RFC 5321 §4.5.2)."""
    first, last = b"." if content.startswith(b".") else b"", b"" if content.endswith(b"\r\n") else b"\r\n"
    return first + content.replace(b"\r\n.", b"\r\n..") + last + b".\r\n"


def _end_of_reply(buffer: bytearray) -> int:
    """Where the first reply ends, several lines together; 0 where it is not all there."""
    start = 0
    while (end := buffer.find(b"\n", start) + 1) > 0:
        if buffer[start + 3 : start + 4] != b"-":
            return end
        start = end
    return 0


def _parsed(reply: bytes) -> tuple[int, str]:
    # Not `splitlines`, which ends a line at a bare CR: what a server quotes of a mail may hold one, and digits behind it.
    lines = [line.strip() for line in reply.removesuffix(b"\n").split(b"\n")]
    code = lines[-1][:3]
    if not (code.isdigit() and len(code) == 3 and all(line[:3] == code for line in lines)):
        return UNREADABLE, lines[-1].decode(errors="replace")
    return int(code), b"\n".join([line[4:].strip() for line in lines]).decode(errors="surrogateescape")
