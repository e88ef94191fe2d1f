"""E-mail over SMTP."""

import asyncio
import logging
import math
import socket
import ssl
from dataclasses import dataclass
from typing import Final, Literal

import aiosmtplib

from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.public_hosts import PrivateHost, connected
from services.notifications.email.smtp_classification import LOGIN_CODES, Stage, classify, enhanced_status, is_of_recipient
from services.notifications.email.smtp_pool import SmtpPool, Times, Turn
from services.notifications.email.smtp_session import Envelope, NotSentError, Progress, Reply, SmtpSession
from services.notifications.email.smtp_wire import Exchange
from services.notifications.providers.answers import Answer, Verdict, without_address

logger = logging.getLogger(__name__)

CONNECT_S: Final = 10.0
LINE_S: Final = 2.0
"""For which a mail waits for a connection."""
SEND_S: Final = 23.0
"""For one mail from then on, connecting included. A batch starts calls for 20 s, and must end before its lane's limit."""
IDLE_S: Final = 60.0
AGAIN_S: Final = 1.0
"""For which nobody connects after somebody could not; by then all know whether the account is left alone."""
BEHIND_SHARE: Final = 0.5
"""So much of its time must be left to a mail whose session another one has held up or ended, or it goes back unsent."""
MAILS_PER_SESSION: Final = 2
"""How many may be under way: one whose text the server is taking, and one that goes out together with that text's end."""
AWAY_S: Final = 15.0
THROTTLED_S: Final = 60.0
CONFIG_S: Final = 300.0
"""How long a server that refuses our login is left alone: more tries would lock the account."""

_WAITS_S: Final = {Verdict.THROTTLED: THROTTLED_S, Verdict.CONFIG: CONFIG_S}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to, and how. tls: none, starttls, or tls from the first byte; a server without it is then refused. public: no host of
    our own network is connected to, because somebody else has named it."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"] = "starttls"
    user: str | None = None
    password: str | None = None
    tls_context: ssl.SSLContext | None = None
    public: bool = False


class SmtpProvider:
    """Sends through a pool of sessions with one server.

    time_factor: shrinks every timer in tests.
    """

    def __init__(self, server: SmtpServer, *, pool_size: int, time_factor: float = 1.0) -> None:
        self.concurrency = MAILS_PER_SESSION * pool_size
        self._server = server
        self._time_factor = time_factor
        times = Times(LINE_S * time_factor, SEND_S * time_factor, IDLE_S, AGAIN_S * time_factor)
        self._pool = SmtpPool(self._connect, size=pool_size, times=times)
        # The name alone: the full one that RFC 5321 §4.1.4 would like takes a look-up, which can outlast the time for a mail.
        self._local_hostname = socket.gethostname() or "localhost"

    async def send(self, email: OutgoingEmail) -> Answer:
        to = email.recipient
        return await self.transfer(Envelope(email.envelope_sender, to.address, email.mime(), to.international))

    async def transfer(self, email: Envelope) -> Answer:
        """Hand over one mail as it is."""
        if not email.is_sound:
            return Answer(Verdict.BAD_CONTENT, "an address holds a control character")
        progress = Progress()
        try:
            answer = self._read(await self._transfer(email, progress), progress)
        except NotSentError:
            return Answer(Verdict.TRANSIENT, "all connections were busy with other mails", reached=False)
        except aiosmtplib.SMTPResponseException as error:
            answer = self._read(Reply(progress.stage, error.code, error.message), progress)
        except Exception as error:
            if not isinstance(error, aiosmtplib.SMTPException | OSError | TimeoutError):
                logger.exception("smtp_send_failed")
            answer = self._interrupted(error, progress)
        return without_address(answer, email.recipient)

    async def close(self) -> None:
        await self._pool.close()

    async def _transfer(self, email: Envelope, progress: Progress) -> Reply:
        turn = await self._pool.take(email)
        progress.until = turn.until
        try:
            reply = await self._try(turn, email, progress)
            if reply is None:
                self._leave_time(turn)
                reply = await self._try(turn, email, progress)
            assert reply is not None, "only a used session can be stale"
            return reply
        finally:
            self._pool.give_back(turn)

    async def _try(self, turn: Turn, email: Envelope, progress: Progress) -> Reply | None:
        """The server's reply; None where a session from before had been ended by the server, which says nothing of this mail."""
        progress.stage, progress.began = Stage.CONNECT, asyncio.get_running_loop().time()
        session = await self._pool.session(turn)
        from_before, opened = session.used, turn.opened
        progress.text_until = self._latest(turn) if opened is not None else math.inf
        try:
            reply = await session.deliver(email, progress, opened, lambda: self._pool.follower(turn))
        except BaseException as error:
            if opened is None:
                session.abort()
                is_stale = from_before and progress.stage is Stage.MAIL
            else:
                # Its text has not been sent, and what ended the session may have been the mail before.
                is_stale = progress.stage < Stage.BODY
                self._end_behind(opened, error, progress)
            if is_stale and _is_lost(error):
                return None
            raise
        finally:
            if opened is not None and opened.since is not None:
                # Until then the server was at the text of another mail.
                progress.began = max(progress.began, opened.since)
        return None if from_before and reply.stage is Stage.MAIL and reply.code == 421 else reply

    def _end_behind(self, opened: Exchange, error: BaseException, progress: Progress) -> None:
        """End the session of a mail that went out behind a text. Raises NotSentError where it has never had its turn."""
        opened.abandon()
        if isinstance(error, TimeoutError) and progress.stage is Stage.MAIL:
            if opened.since is None or asyncio.get_running_loop().time() - opened.since < self._enough_s:
                raise NotSentError from error
            # The text before it was answered long ago, and its own commands never were.
            logger.warning("smtp_server_drops_what_follows_a_text")
            self._pool.one_by_one()

    @property
    def _enough_s(self) -> float:
        return BEHIND_SHARE * SEND_S * self._time_factor

    def _latest(self, turn: Turn) -> float:
        """Until when enough time is left for a mail that has waited for another's sake."""
        return turn.until - self._enough_s

    def _leave_time(self, turn: Turn) -> None:
        if asyncio.get_running_loop().time() > self._latest(turn):
            raise NotSentError

    async def _connect(self) -> SmtpSession:
        server, timeout_s = self._server, CONNECT_S * self._time_factor
        opened = await connected(server.host, server.port, timeout_s) if server.public else None
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port if opened is None else None,
            sock=opened,
            username=server.user,
            password=server.password,
            local_hostname=self._local_hostname,
            timeout=timeout_s,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=server.tls_context,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            # From here on the time-out of the whole mail holds.
            return SmtpSession(client)
        except BaseException:
            client.close()
            raise

    def _read(self, reply: Reply, progress: Progress) -> Answer:
        took_s = asyncio.get_running_loop().time() - progress.began
        verdict = classify(reply.stage, reply.code, reply.text)
        enhanced = enhanced_status(reply.code, reply.text)
        if verdict is Verdict.ACCEPTED:
            return Answer(verdict, reply.text, reply.code, enhanced, took_s=took_s)
        # What is said to a recipient or a text is about that mail, whatever it says; before them, it is about us.
        is_about_us = reply.stage <= Stage.MAIL or reply.code in LOGIN_CODES
        closes = verdict in (Verdict.CONFIG, Verdict.THROTTLED) and is_about_us
        is_about_one = is_of_recipient(reply.stage, reply.code, reply.text)
        wait_s = _WAITS_S.get(verdict, 0.0) * self._time_factor
        return Answer(verdict, reply.text, reply.code, enhanced, wait_s, closes=closes, of_recipient=is_about_one, took_s=took_s)

    def _interrupted(self, error: Exception, progress: Progress) -> Answer:
        """The answer where the server gave none."""
        stage, verdict, retry_after_s = progress.stage, Verdict.TRANSIENT, 0.0
        if stage is Stage.BODY:
            verdict = Verdict.UNKNOWN
        elif stage is Stage.CONNECT and _is_our_setup(error):
            verdict, retry_after_s = Verdict.CONFIG, CONFIG_S
        elif stage is Stage.CONNECT:
            # A server that is away says nothing of this mail, and must not use up its tries.
            verdict, retry_after_s = Verdict.THROTTLED, AWAY_S
        if isinstance(error, TimeoutError) and not str(error):
            detail = f"the server did not answer in time ({stage.name.lower()})"
        else:
            detail = f"{str(error) or type(error).__name__} ({stage.name.lower()})"
        took_s = asyncio.get_running_loop().time() - progress.began
        wait_s = retry_after_s * self._time_factor
        return Answer(verdict, detail, retry_after_s=wait_s, closes=retry_after_s > 0, took_s=took_s)


def _is_lost(error: BaseException) -> bool:
    """Whether the connection has ended, and not the time for the mail."""
    return isinstance(error, aiosmtplib.SMTPServerDisconnected | OSError) and not isinstance(error, TimeoutError)


def _is_our_setup(error: BaseException) -> bool:
    """Whether the settings and the server do not go together: a certificate that we do not trust, no TLS, no login."""
    if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported, PrivateHost):
        return True
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
