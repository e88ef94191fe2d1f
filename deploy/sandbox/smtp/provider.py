"""The SMTP provider: its listening socket, and its certificate where it speaks TLS."""

import asyncio
import logging
import ssl
from typing import Any

from fastapi import APIRouter, Response

from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.listening import listen
from deploy.sandbox.problems import Problem
from deploy.sandbox.provider import Core
from deploy.sandbox.smtp.bounce import HOST
from deploy.sandbox.smtp.handler import NAME, Handler
from deploy.sandbox.smtp.handover import Handover
from deploy.sandbox.smtp.protocol import MAX_MESSAGE_BYTES, SmtpSession
from deploy.sandbox.smtp.rules import SmtpRule
from deploy.sandbox.smtp.tls import server_context

# Longer than the longest delay that a rule may ask for.
_IDLE_TIMEOUT_S = 3_900
_GREETING_S = 1.5


class SmtpProvider:
    """Listens on SANDBOX_SMTP_PORT on the running event loop."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._settings = core.settings
        self.faults = FaultBoard(NAME, SmtpRule, core.changes)
        self._handover = Handover(core)
        self._handler = Handler(core.settings, core.ledger, self.faults, self._handover)
        self._sessions: set[SmtpSession] = set()
        self._server: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None
        self._certificate = b""
        self.port = 0
        core.timers.handle(NAME, self._handler.deliver_bounce)
        # aiosmtpd logs every command with its addresses, and per connection what this sandbox has decided on purpose.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    def router(self) -> APIRouter:
        """The certificate, for clients that verify."""
        router = APIRouter(prefix="/smtp", tags=["smtp"])

        @router.get("/certificate.pem", summary="The certificate of this start, for clients that verify")
        async def certificate() -> Response:
            if not self._certificate:
                raise Problem(404, "no_tls", "SMTP runs without TLS; start the sandbox with SANDBOX_SMTP_TLS=starttls or tls.")
            return Response(self._certificate, media_type="application/x-pem-file")

        return router

    async def start(self) -> None:
        """Listen."""
        if self._settings.smtp_tls != "none":
            self._context, self._certificate = server_context()
        implicit = self._context if self._settings.smtp_tls == "tls" else None
        sock = listen("SANDBOX_SMTP_PORT", self._settings.host, self._settings.smtp_port)
        self.port = sock.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(self._session, sock=sock, ssl=implicit, backlog=512)

    async def check(self) -> None:
        """Take a connection's greeting, as a client does."""
        try:
            async with asyncio.timeout(_GREETING_S):
                line = await self._greeting()
        except (OSError, TimeoutError) as error:
            raise ConnectionError(f"port {self.port} does not answer ({type(error).__name__})") from error
        if not line.startswith(b"220 "):
            raise ConnectionError(f"port {self.port} does not greet")

    async def _greeting(self) -> bytes:
        context = None
        if self._settings.smtp_tls == "tls":
            context = ssl.create_default_context(cadata=self._certificate.decode())
            # Where it listens on every address, the name to connect to is none of the certificate's.
            context.check_hostname = False
        reader, writer = await asyncio.open_connection(self._settings.host, self.port, ssl=context)
        try:
            return await reader.readline()
        finally:
            writer.transport.abort()

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            session.close()
        await self._handover.close()

    def facts(self) -> dict[str, Any]:
        """Where it listens and what it demands."""
        return {
            "host": self._settings.host,
            "port": self.port,
            "tls": self._settings.smtp_tls,
            "login": self._settings.smtp_user is not None,
            "max_message_bytes": MAX_MESSAGE_BYTES,
        }

    def _session(self) -> SmtpSession:
        starttls = self._context if self._settings.smtp_tls == "starttls" else None
        return SmtpSession(
            self._handler,
            self._sessions,
            hostname=HOST,
            ident="Waybill sandbox",
            enable_SMTPUTF8=True,
            timeout=_IDLE_TIMEOUT_S,
            tls_context=starttls,
            require_starttls=starttls is not None,
            login_required=self._settings.smtp_user is not None,
            auth_require_tls=starttls is not None,
            authenticator=self._handler.authenticate,
            loop=asyncio.get_running_loop(),
        )
