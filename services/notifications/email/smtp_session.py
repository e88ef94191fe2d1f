"""One connection to a mail server, which carries one mail after the other, and the pool of them."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from services.notifications.email.smtp_classification import Stage
from services.notifications.email.smtp_wire import SmtpWire
from shared.runtime.failpoints import failpoint

QUIT_S: Final = 1.0
LEAVE_S: Final = 2.0
"""How long the rest of a refused mail's replies is waited for, before the connection is given up."""
_NOT_INTERNATIONAL: Final = "5.6.7 the server does not take addresses beyond ASCII (SMTPUTF8)"

_Command = tuple[Stage, str, tuple[int, ...]]
"""A command, at which stage it is sent, and the codes by which the mail goes on."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail as SMTP carries it.

    sender, recipient: addresses without brackets. content: the whole MIME message with CRLF line ends. international: the server
    must know SMTPUTF8 (RFC 6531).
    """

    sender: str
    recipient: str
    content: bytes
    international: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered last, and to what."""

    stage: Stage
    code: int
    text: str


@dataclass(slots=True)
class Progress:
    """How far a mail has come; it survives the exception that ended it. until: when its time is over, by the loop's clock."""

    until: float
    stage: Stage = Stage.CONNECT


class SmtpSession:
    """A connection that has been greeted, secured and logged in. One mail at a time.

    used: whether a mail has gone over it, so that the server may have hung up meanwhile. A server that announces PIPELINING
    gets a mail's three commands at once, which saves two of four journeys (RFC 2920).
    """

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._international = client.supports_extension("smtputf8")
        self._pipelining = client.supports_extension("pipelining")
        self._wire = SmtpWire(client.transport)
        self._needs_reset = False
        self.used = False
        self.idle_since = time.monotonic()

    @property
    def is_open(self) -> bool:
        return self._wire.is_open

    async def deliver(self, email: Envelope, progress: Progress) -> Reply:
        """One transaction: MAIL, RCPT, DATA and the text. Raises aiosmtplib's errors, OSError and TimeoutError."""
        progress.stage = Stage.MAIL
        self._wire.until = progress.until
        self.used = True
        if email.international and not self._international:
            return Reply(Stage.RCPT, 553, _NOT_INTERNATIONAL)
        if self._needs_reset:
            # Never together with what follows: whoever does not know RSET may still hold the recipient of the mail before.
            refusal = await self._exchange(((Stage.MAIL, "RSET", (250,)),), progress)
            if refusal is not None:
                return refusal
            self._needs_reset = False
        options = " SMTPUTF8 BODY=8BITMIME" if email.international else ""
        commands = (
            (Stage.MAIL, f"MAIL FROM:<{email.sender}>{options}", (250,)),
            (Stage.RCPT, f"RCPT TO:<{email.recipient}>", (250, 251)),
            (Stage.DATA, "DATA", (354,)),
        )
        for group in (commands,) if self._pipelining else ((command,) for command in commands):
            refusal = await self._exchange(group, progress)
            if refusal is not None:
                return refusal
        return await self._send_text(email.content, progress)

    async def _exchange(self, commands: Sequence[_Command], progress: Progress) -> Reply | None:
        """Send commands at once and read their replies in order: the first that refuses the mail, or None."""
        self._wire.command(*[command.encode() for _, command, _ in commands])
        for unread, (stage, _, expected) in zip(reversed(range(len(commands))), commands, strict=True):
            progress.stage = stage
            code, text = await self._wire.reply()
            if code not in expected:
                self._needs_reset = True
                # A positive reply where it has no meaning leaves open what the server now expects, and 421 is its last.
                if code < 400 or code == 421:
                    self.abort()
                else:
                    await self._leave(unread)
                return Reply(stage, code if code >= 400 else 451, text)
        return None

    async def _leave(self, unread: int) -> None:
        """Read the replies to what was sent behind a refused command. They change nothing of the refusal, whatever they are."""
        try:
            async with asyncio.timeout(LEAVE_S if unread else None):
                codes = [(await self._wire.reply())[0] for _ in range(unread)]
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.abort()
            return
        if codes and (codes[-1] < 400 or 421 in codes):
            # It awaits the text of a mail that it has refused. Ending that text could send an empty mail; hanging up cannot.
            self.abort()

    async def _send_text(self, content: bytes, progress: Progress) -> Reply:
        # The end of the text ends the transaction whatever the answer (RFC 5321 §4.1.1.4), so the next mail needs no RSET.
        self._wire.text(content)
        progress.stage = Stage.BODY
        failpoint("provider.sent")
        code, text = await self._wire.reply()
        if code == 421:
            self.abort()
        return Reply(Stage.BODY, code, text)

    def abort(self) -> None:
        """Close the connection without a word."""
        self._wire.close()

    async def quit(self) -> None:
        """Close the connection politely, without waiting long."""
        self._wire.until = math.inf
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(QUIT_S):
                self._wire.command(b"QUIT")
                await self._wire.reply()
        self.abort()


class SmtpPool:
    """The open sessions of one process, at most `size` at a time. Belongs to one event loop.

    connect: opens a session. idle_s: a session that has rested longer is not trusted any more. The loop of a worker stands
    still between deliveries, so there is no timer: a session's age is looked at when it is wanted.
    """

    def __init__(self, connect: Callable[[], Awaitable[SmtpSession]], *, size: int, idle_s: float) -> None:
        self._connect = connect
        self._idle_s = idle_s
        self._slots = asyncio.Semaphore(size)
        self._idle: list[SmtpSession] = []

    async def take(self, *, until: float, new: bool = False) -> SmtpSession:
        """A session for one mail, to be given back whatever becomes of that. new: a connection of its own.

        Raises TimeoutError where there is none until then, by the loop's clock.
        """
        if not new and not self._slots.locked() and (rested := self._rested()) is not None:
            await self._slots.acquire()
            return rested
        async with asyncio.timeout_at(until):
            await self._slots.acquire()
            try:
                return (None if new else self._rested()) or await self._connect()
            except BaseException:
                self._slots.release()
                raise

    def give_back(self, session: SmtpSession) -> None:
        """Let the next mail have the session; one that is no longer open is not kept."""
        if session.is_open:
            session.idle_since = time.monotonic()
            self._idle.append(session)
        self._slots.release()

    def _rested(self) -> SmtpSession | None:
        # The one that was used last: the surplus of a busy time then ages and goes.
        oldest = time.monotonic() - self._idle_s
        while self._idle:
            session = self._idle.pop()
            if session.is_open and session.idle_since >= oldest:
                return session
            session.abort()
        return None

    async def close(self) -> None:
        """End the idle sessions, all at once."""
        sessions, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in sessions))
