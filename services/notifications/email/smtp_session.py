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
from services.notifications.email.smtp_wire import Exchange, SmtpWire, commands, is_one_line, text
from shared.runtime.failpoints import failpoint

QUIT_S: Final = 1.0
QUICK_S: Final = 1.0
"""A server that took no longer over the last text gets the next mail's commands behind a text. Where one waits for seconds, a
mail had better wait where another connection may take it."""
LEAVE_S: Final = 2.0
"""How long the rest of a refused mail's replies is waited for, before the connection is given up."""
_NOT_INTERNATIONAL: Final = "5.6.7 the server does not take addresses beyond ASCII (SMTPUTF8)"

_OPENING: Final = ((Stage.MAIL, (250,)), (Stage.RCPT, (250, 251)), (Stage.DATA, (354,)))
"""At which stage a mail's first commands are sent, and the codes by which it goes on."""

_Step = tuple[Stage, tuple[int, ...]]


class NotSentError(Exception):
    """Nothing of the mail was sent for want of time, which says nothing of mail and server."""


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

    @property
    def is_sound(self) -> bool:
        """Whether its addresses stay within their commands."""
        return is_one_line(self.sender) and is_one_line(self.recipient)

    def opening(self) -> tuple[str, str, str]:
        """Its commands up to its text, for `_OPENING`."""
        options = " SMTPUTF8 BODY=8BITMIME" if self.international else ""
        return f"MAIL FROM:<{self.sender}>{options}", f"RCPT TO:<{self.recipient}>", "DATA"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered last, and to what."""

    stage: Stage
    code: int
    text: str


@dataclass(slots=True)
class Progress:
    """How far a mail has come; it survives the exception that ended it. All by the loop's clock.

    until: when its time is over. text_until: after which its text is not sent any more. began: since when the server has been at
    it.
    """

    until: float = math.inf
    text_until: float = math.inf
    began: float = 0.0
    stage: Stage = Stage.CONNECT


@dataclass(frozen=True, slots=True)
class Follower:
    """The mail that may go out behind a text. until: when its time is over. passed_on: to be called once its first commands have
    gone out, with what their replies come to: the session is that mail's from then on."""

    email: Envelope
    until: float
    passed_on: Callable[[Exchange], None]


class SmtpSession:
    """A connection that has been greeted, secured and logged in. It takes one mail's text at a time.

    used: whether a mail has gone over it, so that the server may have hung up meanwhile. is_quick: whether a mail may go out
    behind the text of the one before.

    A server that announces PIPELINING gets a mail's three commands at once, and behind the text of the mail before it where there
    is one, as RFC 2920 §3.1 allows in so many words: a mail then takes one journey and not four.
    """

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._loop = asyncio.get_running_loop()
        self._international = client.supports_extension("smtputf8")
        self._pipelining = client.supports_extension("pipelining")
        self._wire = SmtpWire(client.transport)
        self._needs_reset = False
        self.used = False
        self.is_quick = False
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
        """One transaction: MAIL, RCPT, DATA and the text. Raises aiosmtplib's errors, OSError, TimeoutError and NotSentError.

        opened: where the commands have already gone out. following: asked once, when the text goes out, for the next mail.
        """
        progress.stage = Stage.MAIL
        self.used = True
        refusal = await (self._open(email, progress) if opened is None else self._read(opened, _OPENING, progress))
        if refusal is not None:
            return refusal
        if self._loop.time() > progress.text_until:
            self.abort()
            raise NotSentError
        return await self._send_text(email.content, progress, following())

    async def _open(self, email: Envelope, progress: Progress) -> Reply | None:
        if email.international and not self._international:
            return Reply(Stage.RCPT, 553, _NOT_INTERNATIONAL)
        if self._needs_reset and (refusal := await self._reset(progress)) is not None:
            return refusal
        lines = email.opening()
        if self._pipelining:
            return await self._exchange(lines, _OPENING, progress)
        for line, step in zip(lines, _OPENING, strict=True):
            refusal = await self._exchange((line,), (step,), progress)
            if refusal is not None:
                return refusal
        return None

    async def _reset(self, progress: Progress) -> Reply | None:
        # Never together with what follows: whoever does not know RSET may still hold the recipient of the mail before.
        [exchange] = self._wire.send((commands("RSET"), 1, progress.until))
        code, said = await exchange.reply()
        if code != 250:
            # It says nothing of the mail: that of a session which cannot go on.
            self.abort()
            return Reply(Stage.MAIL, 421, said)
        self._needs_reset = False
        return None

    async def _exchange(self, lines: Sequence[str], steps: Sequence[_Step], progress: Progress) -> Reply | None:
        """Send commands at once and read their replies in order: the first that refuses the mail, or None."""
        [exchange] = self._wire.send((commands(*lines), len(lines), progress.until))
        return await self._read(exchange, steps, progress)

    async def _read(self, exchange: Exchange, steps: Sequence[_Step], progress: Progress) -> Reply | None:
        for number, (stage, expected) in enumerate(steps, 1):
            progress.stage = stage
            code, said = await exchange.reply()
            if code not in expected:
                self._needs_reset = True
                return await self._refused(exchange, len(steps) - number, Reply(stage, code, said))
        return None

    async def _refused(self, exchange: Exchange, unread: int, reply: Reply) -> Reply:
        """What a reply means that does not let the mail go on. unread: how many commands behind it have no reply yet."""
        if reply.code < 400 or reply.code == 421:
            # A positive reply where it has no meaning leaves open what the server now expects, and 421 is its last.
            self.abort()
            return reply if reply.code >= 400 else Reply(reply.stage, 451, reply.text)
        codes = await self._leave(exchange, unread)
        if reply.stage is Stage.MAIL and codes[:1] and codes[0] < 400:
            # No server takes a recipient of a mail that it has refused: the replies are out of step, and none can be believed.
            return Reply(reply.stage, 451, reply.text)
        return reply

    async def _leave(self, exchange: Exchange, unread: int) -> list[int]:
        """Read the replies to what was sent behind a refused command. They change nothing of the refusal, whatever they are."""
        codes = list[int]()
        try:
            if unread:
                async with asyncio.timeout(LEAVE_S):
                    codes += [(await exchange.reply())[0] for _ in range(unread)]
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.abort()
        if any(code < 400 or code == 421 for code in codes):
            # It awaits the text of a mail that it has refused. Ending that text could send an empty mail; hanging up cannot.
            self.abort()
        return codes

    async def _send_text(self, content: bytes, progress: Progress, follower: Follower | None) -> Reply:
        # The end of the text ends the transaction whatever the answer (RFC 5321 §4.1.1.4), so the next mail needs no RSET.
        body = (text(content), 1, progress.until)
        if follower is None or not self._takes_behind_a_text(follower.email):
            [exchange] = self._wire.send(body)
        else:
            exchange, opened = self._wire.send(body, (commands(*follower.email.opening()), len(_OPENING), follower.until))
            follower.passed_on(opened)
        progress.stage = Stage.BODY
        failpoint("provider.sent")
        sent_at = self._loop.time()
        code, said = await exchange.reply()
        self.is_quick = self._pipelining and self._loop.time() - sent_at < QUICK_S
        if code == 421 or code // 100 not in (2, 4, 5):
            self.abort()
        return Reply(Stage.BODY, code, said)

    def _takes_behind_a_text(self, email: Envelope) -> bool:
        return self.is_quick and (self._international or not email.international)

    def abort(self) -> None:
        """Close the connection without a word."""
        self._wire.close()

    async def quit(self) -> None:
        """Close the connection politely, without waiting long."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(QUIT_S):
                [exchange] = self._wire.send((commands("QUIT"), 1, math.inf))
                await exchange.reply()
        self.abort()
