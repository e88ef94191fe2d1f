"""One connection to a mail server, which carries one mail after the other, and the pool of them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.smtp_classification import Stage

QUIT_S: Final = 1.0
_NOT_INTERNATIONAL: Final = "5.6.7 the server does not take addresses beyond ASCII (SMTPUTF8)"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered last, and to what."""

    stage: Stage
    code: int
    text: str


@dataclass(slots=True)
class Progress:
    """How far a mail has come; it survives the exception that ended it."""

    stage: Stage = Stage.CONNECT


class SmtpSession:
    """A connection that has been greeted, secured and logged in. One mail at a time.

    used: whether a mail has gone over it, so that the server may have hung up meanwhile.
    """

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client
        self._needs_reset = False
        self.used = False
        self.idle_since = time.monotonic()

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def deliver(self, email: OutgoingEmail, progress: Progress) -> Reply:
        """One transaction: MAIL, RCPT, DATA and the text. Raises aiosmtplib's errors, OSError, and what cancels it."""
        progress.stage = Stage.MAIL
        self.used = True
        if email.international and not self._client.supports_extension("smtputf8"):
            return Reply(Stage.RCPT, 553, _NOT_INTERNATIONAL)
        if self._needs_reset:
            reply = await self._client.execute_command(b"RSET")
            if reply.code != 250:
                return Reply(Stage.MAIL, reply.code, reply.message)
            self._needs_reset = False
        options = " SMTPUTF8 BODY=8BITMIME" if email.international else ""
        commands = (
            (Stage.MAIL, f"MAIL FROM:<{email.sender}>{options}", (250,)),
            (Stage.RCPT, f"RCPT TO:<{email.recipient}>", (250, 251)),
            (Stage.DATA, "DATA", (354,)),
        )
        for stage, command, expected in commands:
            progress.stage = stage
            code, text = await self._client.execute_command(command.encode())
            if code not in expected:
                self._needs_reset = True
                # A positive reply where it has no meaning leaves open what the server now expects.
                if code < 400:
                    self.abort()
                return Reply(stage, code if code >= 400 else 451, text)
        return await self._send_text(email.content, progress)

    async def _send_text(self, content: bytes, progress: Progress) -> Reply:
        # aiosmtplib's own data() does not tell a connection lost before the text from one lost after it. The end of the
        # text ends the transaction whatever the answer (RFC 5321 §4.1.1.4), so the next mail needs no RSET.
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        protocol.write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        progress.stage = Stage.BODY
        code, text = await protocol.read_response()
        if code == 421:
            self.abort()
        return Reply(Stage.BODY, code, text)

    def abort(self) -> None:
        """Close the connection without a word."""
        self._client.close()

    async def quit(self) -> None:
        """Close the connection politely, without waiting long."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await self._client.quit(timeout=QUIT_S)
        self._client.close()


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

    @contextlib.asynccontextmanager
    async def session(self, *, new: bool = False) -> AsyncIterator[SmtpSession]:
        """A session for one mail. new: a connection of its own. What is no longer open, or left by an error, is not kept."""
        async with self._slots:
            session = (None if new else self._rested()) or await self._connect()
            try:
                yield session
            except BaseException:
                session.abort()
                raise
            if session.is_open:
                session.idle_since = time.monotonic()
                self._idle.append(session)

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
