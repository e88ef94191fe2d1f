"""The mails that both sides send: the same words, the same headers, about a kilobyte each."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

from services.notifications.email.mime import Content, compose, mailbox, sender_mailbox

SENDER: Final = "Waybill <waybill@example.com>"
_BODY: Final = """\
Shipment {number} is 5 days past its estimated time of arrival.

Carrier: Northern Line. Reference: NL-{number}. Last seen in Rotterdam, customs hold since Monday.
The last free day is the day after tomorrow; from then on the terminal charges storage for each day.
Missing documents: commercial invoice, certificate of origin.

What you can do: send the missing documents to the customs desk, or tell us that the shipment has been released.
You receive this mail because you are a recipient of this shipment's alerts.
"""


def recipient(number: int) -> str:
    """Whom a mail goes to."""
    return f"person{number}@example.org"


def subject(number: int) -> str:
    """Its subject."""
    return f"Shipment NL-{number} is 5 days late"


def body(number: int) -> str:
    """Its text."""
    return _BODY.format(number=number)


def ready(number: int) -> bytes:
    """The whole mail as bytes, as the worker would put them together."""
    return compose(
        Content(subject(number), body(number)),
        sender=sender_mailbox(SENDER),
        recipient=mailbox(recipient(number)),
        message_id=make_msgid(str(number), domain="example.com"),
        reference=str(number),
        date=datetime.now(UTC),
    )


def standard(number: int) -> EmailMessage:
    """The same as a person writes it with the standard library."""
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = recipient(number)
    message["Subject"] = subject(number)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(str(number), domain="example.com")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body(number))
    return message
