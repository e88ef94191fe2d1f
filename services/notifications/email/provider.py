"""What an e-mail provider is given."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifications.email.mime import Attachment, Content, Mailbox, compose


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
