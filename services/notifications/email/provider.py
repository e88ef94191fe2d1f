"""What an e-mail provider is given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.email.mime import Attachment, Content, Mailbox, compose
from services.notifications.providers.answers import Answer, Verdict

NO_SMTPUTF8: Final = frozenset({"sendgrid", "ses"})
"""Providers that take no address with letters beyond ASCII before the @ (RFC 6531), which mail servers do: SES says so of itself
(docs.aws.amazon.com/cli/latest/reference/ses/send-email.html), and SendGrid's maintainers (sendgrid/sendgrid-python#119)."""


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One mail to one recipient, ready to go.

    delivery_id: how call-backs find it; goes along wherever a provider takes a reference of ours.
    envelope_sender: where bounces go, without brackets. message_id: with its brackets, the same on every attempt.
    headers: names and values beyond the usual ones, each value one line of ASCII.
    bulk: it may wait a moment to go out together with others.
    """

    delivery_id: UUID
    sender: Mailbox
    envelope_sender: str
    recipient: Mailbox
    content: Content
    message_id: str
    date: datetime
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    bulk: bool = False

    def mime(self) -> bytes:
        """The whole message with CRLF line ends."""
        return compose(
            self.content,
            sender=self.sender,
            recipient=self.recipient,
            message_id=self.message_id,
            reference=str(self.delivery_id),
            date=self.date,
            headers=self.headers,
            attachments=self.attachments,
        )


def no_smtputf8(provider: str) -> Answer:
    """What such a provider has to say of such an address. That may well work, so nothing is learned of it."""
    return Answer(Verdict.BLOCKED, f"{provider} takes no address with letters beyond ASCII before the @", of_recipient=True)
