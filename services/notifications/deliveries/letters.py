"""What is to be said in an e-mail and to whom: as its message has it, or as a template makes it.

Letters of one message type are written by one object, which the sending is given; beyond it, all e-mails are alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from services.notifications.deliveries.repository import DeliveryRow, storable
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import Content, Mailbox, mailbox, single_line
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.db import Session
from shared.runtime.errors import Permanent, Transient

AnyEmail = SendEmail | SendTemplatedEmail
M_contra = TypeVar("M_contra", bound=AnyEmail, contravariant=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """What one e-mail says. address, name: of the recipient, as they were found. template_version: None where no template
    was needed."""

    to: Mailbox
    address: str
    name: str | None
    content: Content
    template_version: int | None = None


Written = Letter | Permanent | Transient
"""A letter, or why there is none: for good, or not yet."""


class Letters(Protocol[M_contra]):
    """Writes the letters of one message type."""

    async def write(self, session: Session, messages: Mapping[UUID, M_contra], /) -> Mapping[UUID, Written]:
        """A letter of each message, by its id, or why there is none."""
        ...

    async def keep(self, session: Session, letters: Mapping[UUID, Letter], /) -> None:
        """Make sure that later attempts at these deliveries, which exist by now, say the same."""
        ...


class ReadyLetters:
    """Of messages that carry their text, which keeps it the same."""

    async def write(self, _: Session, messages: Mapping[UUID, SendEmail], /) -> Mapping[UUID, Written]:
        return {key: _ready(message) for key, message in messages.items()}

    async def keep(self, _: Session, letters: Mapping[UUID, Letter], /) -> None:
        """The message has it."""


def _ready(message: SendEmail) -> Written:
    try:
        to = mailbox(message.to_email, message.to_name)
    except AddressUnusable as error:
        return error
    return Letter(to, message.to_email, message.to_name, Content(message.subject, message.body, message.body_html))


def delivery_row(
    delivery_id: UUID, message: AnyEmail, letter: Letter | None, domain: str, *, asked_at: datetime | None, retries: int
) -> DeliveryRow:
    """The delivery that a message asks for.

    letter: None where none was written. domain: the sender's, for the Message-ID. asked_at, retries: see DeliveryRow.
    """
    templated = message if isinstance(message, SendTemplatedEmail) else None
    subject = message.subject if isinstance(message, SendEmail) else letter.content.subject if letter is not None else None
    return DeliveryRow(
        id=delivery_id,
        organization_id=message.organization_id,
        to_address=letter.address if letter is not None else message.to_email,
        to_person=_storable(templated.to_person) if templated is not None else None,
        subject=single_line(subject) if subject is not None else None,
        template_name=templated.template_name if templated is not None else None,
        template_version=letter.template_version if letter is not None else None,
        requester=_storable(message.requester),
        subject_key=_storable(message.subject_key),
        asked_at=asked_at,
        message_id_header=f"<{delivery_id}@{domain}>",
        retries=retries,
    )


def _storable(text: str | None) -> str | None:
    return storable(text) if text is not None else None
