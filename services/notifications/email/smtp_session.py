"""One connection to a mail server, which carries one mail after the other."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from services.notifications.email.smtp_classification import Stage
from services.notifications.email.smtp_wire import Exchange, SmtpWire, commands, text
from shared.runtime.failpoints import failpoint

QUIT_S: Final = 1.0
LEAVE_S: Final = 2.0
"""How long the rest of a refused mail's replies is waited for, before the connection is given up."""
_NOT_INTERNATIONAL: Final = "5.6.7 the server does not take addresses beyond ASCII (SMTPUTF8)"

_RESET: Final = ((Stage.MAIL, (250,)),)
_OPENING: Final = ((Stage.MAIL, (250,)), (Stage.RCPT, (250, 251)), (Stage.DATA, (354,)))
"""At which stage a mail's first commands are sent, and the codes by which it goes on."""

_Step = tuple[Stage, tuple[int, ...]]


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


@dataclass(slots=True, eq=False)
class Follower:
    """The mail that is next in line for a connection. until: when its time is over. opened: is called once its first commands are
    sent, with what their replies come to."""

    email: Envelope
    until: float
    opened: Callable[[Exchange], None]


class SmtpSession:
    """A connection that has been greeted, secured and logged in. It takes one mail's text at a time.

    used: whether a mail has gone over it, so that the server may have hung up meanwhile.

    A server that announces PIPELINING gets a mail's three commands at once, and behind the text of the mail before it where there
    is one, as RFC 2920 §3.1 allows in so many words: a mail then takes one journey and not four.
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

    async def deliver(
        self,
        email: Envelope,
        progress: Progress,
        opened: Exchange | None = None,
        following: Callable[[], Follower | None] = lambda: None,
    ) -> Reply:
        """One transaction: MAIL, RCPT, DATA and the text. Raises aiosmtplib's errors, OSError and TimeoutError.

        opened: where the commands have already gone out. following: asked once, when the text goes out, for the next mail.
        """
        progress.stage = Stage.MAIL
        self.used = True
        refusal = await (self._open(email, progress) if opened is None else self._read(opened, _OPENING, progress))
        return refusal if refusal is not None else await self._send_text(email.content, progress, following())

    async def _open(self, email: Envelope, progress: Progress) -> Reply | None:
        if email.international and not self._international:
            return Reply(Stage.RCPT, 553, _NOT_INTERNATIONAL)
        lines = _opening(email)
        if self._needs_reset:
            # Never together with what follows: whoever does not know RSET may still hold the recipient of the mail before.
            refusal = await self._exchange(["RSET"], _RESET, progress)
            if refusal is not None:
                return refusal
            self._needs_reset = False
        if self._pipelining:
            return await self._exchange(lines, _OPENING, progress)
        for line, step in zip(lines, _OPENING, strict=True):
            refusal = await self._exchange([line], (step,), progress)
            if refusal is not None:
                return refusal
        return None

    async def _exchange(self, lines: Sequence[str], steps: Sequence[_Step], progress: Progress) -> Reply | None:
        """Send commands at once and read their replies in order: the first that refuses the mail, or None."""
        [exchange] = self._wire.send((commands(lines), len(lines), progress.until))
        return await self._read(exchange, steps, progress)

    async def _read(self, exchange: Exchange, steps: Sequence[_Step], progress: Progress) -> Reply | None:
        for unread, (stage, expected) in zip(reversed(range(len(steps))), steps, strict=True):
            progress.stage = stage
            code, said = await exchange.reply()
            if code not in expected:
                self._needs_reset = True
                # A positive reply where it has no meaning leaves open what the server now expects, and 421 is its last.
                if code < 400 or code == 421:
                    self.abort()
                else:
                    await self._leave(exchange, unread)
                return Reply(stage, code if code >= 400 else 451, said)
        return None

    async def _leave(self, exchange: Exchange, unread: int) -> None:
        """Read the replies to what was sent behind a refused command. They change nothing of the refusal, whatever they are."""
        try:
            async with asyncio.timeout(LEAVE_S if unread else None):
                codes = [(await exchange.reply())[0] for _ in range(unread)]
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.abort()
            return
        if codes and (codes[-1] < 400 or 421 in codes):
            # It awaits the text of a mail that it has refused. Ending that text could send an empty mail; hanging up cannot.
            self.abort()

    async def _send_text(self, content: bytes, progress: Progress, follower: Follower | None) -> Reply:
        # The end of the text ends the transaction whatever the answer (RFC 5321 §4.1.1.4), so the next mail needs no RSET.
        body = (text(content), 1, progress.until)
        opening = self._opening_behind(follower)
        if follower is None or opening is None:
            [exchange] = self._wire.send(body)
        else:
            exchange, opened = self._wire.send(body, (opening, len(_OPENING), follower.until))
            follower.opened(opened)
        progress.stage = Stage.BODY
        failpoint("provider.sent")
        code, said = await exchange.reply()
        if code == 421:
            self.abort()
        return Reply(Stage.BODY, code, said)

    def _opening_behind(self, follower: Follower | None) -> bytes | None:
        """The commands of a mail that may go out together with the text before it."""
        if follower is None or not self._pipelining or (follower.email.international and not self._international):
            return None
        with contextlib.suppress(ValueError):
            # A command that is two is refused when the mail has the connection to itself.
            return commands(_opening(follower.email))
        return None

    def abort(self) -> None:
        """Close the connection without a word."""
        self._wire.close()

    async def quit(self) -> None:
        """Close the connection politely, without waiting long."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(QUIT_S):
                [exchange] = self._wire.send((commands(["QUIT"]), 1, math.inf))
                await exchange.reply()
        self.abort()


def _opening(email: Envelope) -> tuple[str, str, str]:
    """A mail's commands up to its text, for `_OPENING`."""
    options = " SMTPUTF8 BODY=8BITMIME" if email.international else ""
    return f"MAIL FROM:<{email.sender}>{options}", f"RCPT TO:<{email.recipient}>", "DATA"
