"""What is to be said in a message and to whom: as the message itself has it, or as a template makes it.

Letters of one message type are written by one object, which the sending is given; beyond it, all messages of a channel are alike.
First it says whom a message goes to, so that the gates can look at them, and then, of those that pass, what they are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from services.notifications.deliveries.errors import Refusal
from services.notifications.deliveries.repository import DeliveryRow, storable
from services.notifications.email.mime import single_line
from services.notifications.templates.version_models import Uses, as_json
from shared.contracts.notifications import ChannelSend
from shared.runtime.db import Session

M_contra = TypeVar("M_contra", bound=ChannelSend, contravariant=True)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a message goes to, and how that person reads.

    address: an e-mail address or an E.164 number. reference: of a person whom notifications knows. name: for the To header.
    """

    address: str
    address_hash: str
    reference: str | None = None
    name: str | None = None
    locale: str = "en"
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says.

    subject: of an e-mail. template_version: that counts first; None where no template was needed. template_versions: those that
    gave something. attachments: references of documents that are fetched for the call.
    """

    to: Addressee
    text: str
    subject: str | None = None
    html: str | None = None
    template_version: int | None = None
    attachments: tuple[str, ...] = ()
    template_versions: Uses = ()


class Letters(Protocol[M_contra]):
    """Writes the letters of one message type."""

    async def addressees(self, session: Session, messages: Mapping[UUID, M_contra], /) -> Mapping[UUID, Addressee | Refusal]:
        """Whom each message goes to, by its id, or why it can go nowhere."""
        ...

    async def write(
        self, session: Session, messages: Mapping[UUID, M_contra], to: Mapping[UUID, Addressee], /
    ) -> Mapping[UUID, Letter | Refusal]:
        """What each message says, or why nothing can be said: for good, or not yet."""
        ...

    async def settle(self, session: Session, messages: Mapping[UUID, M_contra], /) -> Mapping[UUID, Uses]:
        """Of which versions of their templates those of these messages are to be made for which that is not settled yet."""
        ...

    async def keep(self, session: Session, letters: Mapping[UUID, Letter], /) -> None:
        """Make sure that later attempts at these deliveries, which exist by now, say the same."""
        ...


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a delivery's row says besides its message. asked_at: None for the transaction's own moment."""

    delivery_id: UUID
    channel: str
    domain: str
    asked_at: datetime | None
    retries: int


def delivery_row(facts: RowFacts, message: ChannelSend, to: Addressee | None, letter: Letter | None) -> DeliveryRow:
    """The delivery that a message asks for. to, letter: None where there is none."""
    subject = letter.subject if letter is not None else field_of(message, "subject")
    named = field_of(message, "to_email") or field_of(message, "to_phone")
    return DeliveryRow(
        id=facts.delivery_id,
        channel=facts.channel,
        organization_id=message.organization_id,
        to_address=storable(to.address) if to is not None else _storable(named),
        to_person=_storable(field_of(message, "to_person")),
        address_hash=to.address_hash if to is not None else None,
        subject=single_line(subject) if subject is not None else None,
        template_name=field_of(message, "template_name"),
        template_version=letter.template_version if letter is not None else None,
        template_versions=as_json(letter.template_versions) if letter is not None else None,
        category=message.category,
        dedupe_key=_storable(message.dedupe_key),
        requester=_storable(message.requester),
        subject_key=_storable(message.subject_key),
        asked_at=facts.asked_at,
        message_id_header=f"<{facts.delivery_id}@{facts.domain}>" if facts.channel == "email" else None,
        retries=facts.retries,
    )


def field_of(message: ChannelSend, name: str) -> str | None:
    """A text that some of the messages have; None where this one has no such field.

    Looked up where pydantic keeps the fields: asking a model for an attribute that it lacks takes as long as all the rest.
    """
    found: str | None = vars(message).get(name)
    return found


def _storable(text: str | None) -> str | None:
    return storable(text) if text is not None else None
