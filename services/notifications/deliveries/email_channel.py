"""E-mail as a channel: from a letter to what an e-mail provider takes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

from services.notifications.deliveries.channels import Attempt, in_turn
from services.notifications.deliveries.errors import AttachmentsTooLarge
from services.notifications.deliveries.letters import Letter
from services.notifications.email.mime import Attachment, Content, Mailbox, mailbox
from services.notifications.email.provider import OutgoingEmail
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.carriers import Carrier
from shared.runtime.db import Session
from shared.runtime.errors import Permanent, ServiceError

MAX_ATTACHED_BYTES: Final = 10 * 1024 * 1024


class BounceAddresses(Protocol):
    """Envelope senders to which bounces come back, each naming its delivery."""

    def for_delivery(self, delivery_id: UUID) -> str: ...


class Documents(Protocol):
    """Fetches what goes along with a mail from its owner."""

    async def fetch(self, reference: str) -> Attachment: ...

    async def close(self) -> None: ...


class UnsubscribeHeaders(Protocol):
    """The headers by which mail programs offer to unsubscribe (RFC 8058), of messages that may be declined."""

    async def headers(self, session: Session, attempts: Sequence[Attempt], /) -> Mapping[UUID, tuple[tuple[str, str], ...]]: ...


class EmailChannel:
    """sender: where the account has none of its own. bounces: None where bounces go to the sender."""

    name = "email"

    def __init__(
        self, sender: Mailbox, bounces: BounceAddresses | None, unsubscribe: UnsubscribeHeaders, documents: Documents
    ) -> None:
        self.domain = sender.domain
        self._sender = sender
        self._bounces = bounces
        self._unsubscribe = unsubscribe
        self._documents = documents

    async def outgoing(
        self, session: Session, attempts: Sequence[tuple[Attempt, Carrier[OutgoingEmail]]]
    ) -> Mapping[UUID, OutgoingEmail]:
        headers = await self._unsubscribe.headers(session, [attempt for attempt, _ in attempts])
        return {one.delivery_id: self._outgoing(one, carrier, headers.get(one.delivery_id, ())) for one, carrier in attempts}

    def _outgoing(self, attempt: Attempt, carrier: Carrier[OutgoingEmail], headers: tuple[tuple[str, str], ...]) -> OutgoingEmail:
        letter = attempt.letter
        sender = carrier.sender or self._sender
        assert letter.subject is not None, "an e-mail has a subject"
        assert attempt.message_id_header is not None, "an e-mail has a Message-ID"
        return OutgoingEmail(
            delivery_id=attempt.delivery_id,
            sender=sender,
            envelope_sender=self._bounces.for_delivery(attempt.delivery_id) if self._bounces is not None else sender.address,
            recipient=mailbox(letter.to.address, letter.to.name),
            content=Content(letter.subject, letter.text, letter.html),
            message_id=attempt.message_id_header,
            date=attempt.now,
            headers=(*headers, ("Precedence", "bulk")) if attempt.bulk else headers,
            bulk=attempt.bulk and not letter.attachments,
        )

    async def send(self, attempt: Attempt, outgoing: OutgoingEmail, carrier: Carrier[OutgoingEmail]) -> Answer:
        if attempt.letter.attachments:
            try:
                outgoing = await self._with_documents(attempt.letter, outgoing)
            except Permanent as error:
                return Answer(Verdict.BAD_CONTENT, error.detail)
            except ServiceError as error:
                return Answer(Verdict.TRANSIENT, error.detail)
        return await in_turn(carrier, outgoing)

    def segments(self, _: Letter) -> None:
        return None

    async def close(self) -> None:
        await self._documents.close()

    async def _with_documents(self, letter: Letter, outgoing: OutgoingEmail) -> OutgoingEmail:
        """Raises what the documents' owner says no with, and AttachmentsTooLarge."""
        found = [await self._documents.fetch(reference) for reference in letter.attachments]
        return _with_attachments(outgoing, tuple(found))


def _with_attachments(outgoing: OutgoingEmail, attachments: tuple[Attachment, ...]) -> OutgoingEmail:
    size = sum(len(one.content) for one in attachments)
    if size > MAX_ATTACHED_BYTES:
        raise AttachmentsTooLarge(f"the attachments have {size:,} bytes together; at most {MAX_ATTACHED_BYTES:,} go along")
    return replace(outgoing, attachments=attachments)
