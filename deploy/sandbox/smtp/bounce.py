"""Delivery status notifications (RFC 3464) for mails that are accepted first and bounce later."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid

from deploy.sandbox.mailbox.headers import header_block

HOST = "sandbox.localhost"


def delivery_status(*, sender: str, recipients: Sequence[str], answer: str, original: bytes) -> bytes:
    """A multipart/report that says that `original` did not reach the recipients.

    sender: the envelope sender of the original, who gets the report. answer: the reply of the server that refused it, with
    its enhanced status code ("550 5.1.1 No such mailbox").
    """
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{HOST}>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(datetime.now(UTC))
    report["Message-ID"] = make_msgid(domain=HOST)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(f"Your message could not be delivered to: {', '.join(recipients)}\n\n{answer}\n", "plain", "utf-8"))
    report.attach(_status(recipients, answer))
    report.attach(_returned_headers(original))
    return report.as_bytes(policy=report.policy.clone(linesep="\r\n"))


def _status(recipients: Sequence[str], answer: str) -> Message:
    part = Message()
    part["Content-Type"] = "message/delivery-status"
    part.attach(_fields([("Reporting-MTA", f"dns; {HOST}"), ("Arrival-Date", format_datetime(datetime.now(UTC)))]))
    for recipient in recipients:
        part.attach(
            _fields(
                [
                    ("Final-Recipient", f"rfc822; {recipient}"),
                    ("Action", "failed"),
                    ("Status", answer.split(" ")[1]),
                    ("Remote-MTA", f"dns; {HOST}"),
                    ("Diagnostic-Code", f"smtp; {answer}"),
                ]
            )
        )
    return part


def _fields(fields: Sequence[tuple[str, str]]) -> Message:
    group = Message()
    for name, value in fields:
        group[name] = value
    return group


def _returned_headers(original: bytes) -> Message:
    part = Message()
    part["Content-Type"] = "text/rfc822-headers"
    part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(header_block(original).decode("ascii", "surrogateescape"))
    return part
