"""What happens to a recipient and to a mail: the fault rules, then the ledger, then the answer."""

import hmac
import logging
import time
from asyncio import sleep
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session, TLSSetupException

from deploy.sandbox.entries import Receipt, Timer
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.mailbox.headers import header_block
from deploy.sandbox.mailbox.receipt import mail_receipt
from deploy.sandbox.settings import Settings
from deploy.sandbox.smtp.bounce import delivery_status
from deploy.sandbox.smtp.handover import Handover
from deploy.sandbox.smtp.protocol import NULL_SENDER, SmtpSession
from deploy.sandbox.smtp.rules import SmtpRule
from deploy.sandbox.transaction import Transaction

NAME = "smtp"
log = logging.getLogger("sandbox.smtp")


# No slots: aiosmtpd asks for the handler's members by inspect.getmembers, which raises TypeError on a frozen dataclass with
# slots in the patch releases of Python 3.11 that Debian 12 has.
@dataclass(frozen=True)
class Handler:
    """The hooks that aiosmtpd calls by their names; each returns the reply line."""

    settings: Settings
    ledger: Ledger
    faults: FaultBoard[SmtpRule]
    handover: Handover

    async def handle_EHLO(
        self, server: SmtpSession, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer AUTH only where a login is configured: the library offers it as soon as it could be used."""
        session.host_name = hostname
        return [line for line in responses if self.settings.smtp_user or not line.startswith("250-AUTH")]

    async def handle_RCPT(
        self, server: SmtpSession, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or refuse or delay it as a rule says."""
        if address == NULL_SENDER:
            return "501 5.1.3 A recipient needs an address"
        rule = self.faults.take([address.lower()], lambda rule: rule.stage == "rcpt")
        if rule is not None and rule.refuses:
            return rule.answer
        if rule is not None:
            await sleep(rule.seconds or 0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SmtpSession, session: Session, envelope: Envelope) -> str:
        """Put the mail on record and say so, unless a rule says otherwise."""
        recipients = [address.lower() for address in envelope.rcpt_tos]
        rule = self.faults.take(recipients, lambda rule: rule.stage == "data" and rule.action != "disconnect_before_data")
        if rule is not None and rule.refuses:
            return rule.answer
        received = _receipt(server, session, envelope, answered=rule is None or rule.action != "disconnect_after_data")
        bounce = _bounce(rule, received) if rule is not None and rule.action == "bounce_later" else None

        def write(transaction: Transaction) -> int:
            if bounce is not None:
                transaction.defer(NAME, *bounce)
            self.handover.plan(transaction, received)
            return transaction.record(received)

        received_id = await self.ledger.write(write)
        if rule is not None and rule.action == "disconnect_after_data":
            server.drop()
        if rule is not None and rule.action == "delay":
            await sleep(rule.seconds or 0)
        return f"250 2.0.0 OK, recorded as {received_id}"

    async def handle_exception(self, error: Exception) -> str:
        """What the sandbox itself could not do, a full disk for instance, is no fault of the mail: try again later."""
        if isinstance(error, TLSSetupException):
            return "454 4.7.0 The TLS handshake failed"
        log.error("mail_not_recorded", exc_info=error)
        return f"451 4.3.0 The sandbox could not record the mail ({type(error).__name__}), see its log"

    def drops_before_data(self, recipients: list[str]) -> bool:
        """Whether a rule drops the connection at the DATA command."""
        addresses = [address.lower() for address in recipients]
        return self.faults.take(addresses, lambda rule: rule.action == "disconnect_before_data") is not None

    def authenticate(
        self, server: SmtpSession, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
    ) -> AuthResult:
        """Compare with the configured login."""
        user, password = self.settings.smtp_user, self.settings.smtp_password
        if user is None or password is None:
            return AuthResult(success=False, handled=False)
        same_user = hmac.compare_digest(login.login, user.encode())
        good = hmac.compare_digest(login.password, password.get_secret_value().encode()) and same_user
        return AuthResult(success=good, handled=False, auth_data=login if good else None)

    async def deliver_bounce(self, timer: Timer) -> None:
        """Deliver the notification that a timer stands for, once."""
        plan = timer.payload
        report = delivery_status(
            sender=plan["sender"],
            recipients=plan["recipients"],
            answer=plan["answer"],
            original=plan["headers"].encode("latin-1"),
        )
        receipt = mail_receipt(NAME, "", (plan["sender"].lower(),), report, {"tls": False, "login": None, "answered": True})

        def write(transaction: Transaction) -> None:
            transaction.record(receipt)
            self.handover.plan(transaction, receipt)
            transaction.finish(timer)

        await self.ledger.write(write)


def _receipt(server: SmtpSession, session: Session, envelope: Envelope, *, answered: bool) -> Receipt:
    raw = envelope.original_content or b""
    sender = "" if envelope.mail_from in (None, NULL_SENDER) else str(envelope.mail_from)
    auth: LoginPassword | None = session.auth_data
    login = auth.login.decode("utf-8", "replace") if auth else None
    details = {"tls": server.encrypted, "login": login, "answered": answered}
    return mail_receipt(NAME, sender, [address.lower() for address in envelope.rcpt_tos], raw, details)


def _bounce(rule: SmtpRule, received: Receipt) -> tuple[float, dict[str, Any]] | None:
    """When and what to deliver. A mail from the null sender never bounces (RFC 5321 §4.5.5)."""
    if not received.sender:
        return None
    plan = {
        "sender": received.sender,
        "recipients": rule.matches(received.recipients),
        "answer": rule.answer,
        "headers": header_block(received.body).decode("latin-1"),
    }
    return time.time() + (rule.seconds or 0), plan
