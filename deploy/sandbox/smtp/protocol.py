"""aiosmtpd's server with what a sandbox needs beyond it: dropped connections, 421 that closes, mails of any line length."""

import asyncio
import re
from typing import Any, NoReturn, Protocol

from aiosmtpd.smtp import SMTP

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
NULL_SENDER = "<>"
TOO_LARGE = f"552 5.3.4 Error: the mail is larger than {MAX_MESSAGE_BYTES} bytes"

_PLAIN_ADDRESS = re.compile(r"<([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+)>")


class Gate(Protocol):
    """What decides at the DATA command whether the connection is dropped before any of the mail is read."""

    def drops_before_data(self, recipients: list[str]) -> bool:
        """Whether a rule says so."""


class SmtpSession(SMTP):
    """One connection. `open_sessions` has itself as a member from connect to disconnect."""

    # How much is read at once; no limit on a mail's lines, since a sandbox keeps and shows what others would refuse.
    line_length_limit = 65_536

    def __init__(self, handler: Gate, open_sessions: set["SmtpSession"], *, login_required: bool, **options: Any) -> None:
        super().__init__(handler, data_size_limit=MAX_MESSAGE_BYTES, **options)
        self._login_required = login_required
        self._gate = handler
        self._open_sessions = open_sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Also called a second time when STARTTLS has put a new transport in the place of the first."""
        self._open_sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._open_sessions.discard(self)
        super().connection_lost(error)

    @property
    def encrypted(self) -> bool:
        """Whether the connection is under TLS by now, by STARTTLS or from its beginning."""
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    def drop(self) -> NoReturn:
        """Break the connection off without an answer. The cancellation ends the session's task, as a lost peer does."""
        # Typed as a BaseTransport by the library; each loop's TLS transport is of a class of its own, and all of them can abort.
        transport: Any = self.transport
        if transport is not None:
            transport.abort()
        raise asyncio.CancelledError

    def close(self) -> None:
        """Close the connection from outside, at the end of the process."""
        if self.transport is not None:
            self.transport.close()

    async def push(self, status: Any) -> None:
        """Answer. RFC 5321 §3.8: after a 421 the server closes the connection."""
        await super().push(status)
        if status[:3] in ("421", b"421"):
            self.close()

    async def check_auth_needed(self, caller_method: str) -> bool:
        """Whether the command must wait for a login. The library's own switch warns of logins without TLS, meant here."""
        assert self.session is not None
        if self._login_required and not self.session.authenticated:
            await self.push("530 5.7.0 Authentication required")
            return True
        return False

    async def smtp_DATA(self, arg: str | None) -> None:
        """Take a mail. The library reads it line by line, which for a mail of 80 lines takes as long as all the rest twice."""
        assert self.envelope is not None
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        if self._gate.drops_before_data(self.envelope.rcpt_tos):
            self.drop()
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self.envelope.original_content = self.envelope.content = await self._read_mail()
        answer = TOO_LARGE if self.envelope.content is None else await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(answer)

    async def _read_mail(self) -> bytes | None:
        """The mail up to the lone dot, without the dots that SMTP adds (RFC 5321 §4.5.2); None where it is too large."""
        chunks, size, tail = list[bytes](), 0, b"\r\n"
        while tail != b"\r\n.\r\n":
            try:
                chunk = await self._reader.readuntil(b".\r\n")
            except asyncio.LimitOverrunError as overrun:
                chunk = await self._reader.read(overrun.consumed)
            size, tail = size + len(chunk), (tail + chunk[-5:])[-5:]
            if size <= MAX_MESSAGE_BYTES + 3:
                chunks.append(chunk)
        if size > MAX_MESSAGE_BYTES + 3:
            return None
        return (b"\r\n" + b"".join(chunks)[:-3]).replace(b"\r\n.", b"\r\n")[2:]

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address and what follows it. The library's full parser takes half of a mail's time, plain addresses need none."""
        argument = arg.strip()
        plain = _PLAIN_ADDRESS.match(argument)
        if plain is not None:
            return plain[1], argument[plain.end() :]
        if argument.startswith(NULL_SENDER):
            return NULL_SENDER, argument[len(NULL_SENDER) :]
        address, rest = super()._getaddr(arg)
        return (_encodable(address), rest) if address else (None, None)


def _encodable(text: str) -> str:
    """The command line's undecodable bytes come as surrogates, which nothing outside Python can store."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
