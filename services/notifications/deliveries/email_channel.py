"""E-mail as a channel: from a letter to what an e-mail provider takes."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

from services.notifications.deliveries.channels import BEGIN_S, Attempt, Fitting, in_turn
from services.notifications.deliveries.decision import DOCUMENT, wait
from services.notifications.deliveries.errors import AttachmentsTooLarge
from services.notifications.deliveries.letters import Letter, field_of
from services.notifications.deliveries.surroundings import BULK, DeliveryAddresses, Headers
from services.notifications.email.mime import Attachment, Content, Mailbox, mailbox
from services.notifications.email.provider import NO_SMTPUTF8, OutgoingEmail
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.carriers import Carrier
from shared.runtime.db import Session
from shared.runtime.errors import Permanent, ServiceError, Transient
from shared.runtime.outcomes import Failed, Outcome

MAX_ATTACHED_BYTES: Final = 10 * 1024 * 1024
FETCH_S: Final = 15.0
"""For all documents of a mail, so that its turn is over within the lane's limit even if the bytes only trickle."""
FEEDBACK_SENDER: Final = "waybill"
DOCUMENT_WAIT_S: Final = 60.0
"""Until documents are asked for again, where their owner does not say."""


class Documents(Protocol):
    """Fetches what goes along with a mail from its owner."""

    async def fetch(self, reference: str) -> Attachment: ...

    async def close(self) -> None: ...


class UnsubscribeHeaders(Protocol):
    """What depends on what a message is about: the headers by which mail programs offer to unsubscribe (RFC 8058), of messages
    that may be declined, and BULK of marketing."""

    async def headers(self, session: Session, attempts: Sequence[Attempt], /) -> Mapping[UUID, Headers]: ...


class EmailChannel:
    """sender: where the account has none of its own. bounces: envelope senders; None where bounces go to the sender.
    time_factor: shrinks timers."""

    name = "email"
    comes_back = False

    def __init__(
        self,
        sender: Mailbox,
        bounces: DeliveryAddresses | None,
        unsubscribe: UnsubscribeHeaders,
        documents: Documents,
        *,
        time_factor: float = 1.0,
    ) -> None:
        self.domain = sender.domain
        self._sender = sender
        self._bounces = bounces
        self._unsubscribe = unsubscribe
        self._documents = documents
        self._time_factor = time_factor

    async def unfit(self, _: Session, asked: Sequence[Fitting]) -> Mapping[UUID, Set[str]]:
        return {one.delivery_id: NO_SMTPUTF8 for one in asked if _is_international(one.letter.to.address)}

    async def outgoing(
        self, session: Session, attempts: Sequence[tuple[Attempt, Carrier[OutgoingEmail]]]
    ) -> Mapping[UUID, OutgoingEmail]:
        headers = await self._unsubscribe.headers(session, [attempt for attempt, _ in attempts])
        return {one.delivery_id: self._outgoing(one, carrier, headers.get(one.delivery_id, ())) for one, carrier in attempts}

    def _outgoing(self, attempt: Attempt, carrier: Carrier[OutgoingEmail], headers: Headers) -> OutgoingEmail:
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
            headers=_headers(attempt, headers),
            bulk=attempt.bulk and not letter.attachments,
        )

    def latest_start_s(self, attempt: Attempt) -> float:
        # Documents take their own time, of the same 50 s.
        return BEGIN_S - FETCH_S if attempt.letter.attachments else BEGIN_S

    async def prepared(self, attempt: Attempt, outgoing: OutgoingEmail) -> OutgoingEmail | Outcome:
        if not attempt.letter.attachments:
            return outgoing
        try:
            async with asyncio.timeout(FETCH_S * self._time_factor):
                return await self._with_documents(attempt.letter, outgoing)
        except TimeoutError:
            return wait("the documents did not come in time", DOCUMENT, DOCUMENT_WAIT_S, waited=attempt.waited)
        except Permanent as error:
            return Failed(error.detail, reason=Verdict.BAD_CONTENT.value, error_class=Verdict.BAD_CONTENT.value)
        except ServiceError as error:
            # It is not the account that is away, so nothing is said of it, and no try is used up.
            return wait(error.detail, DOCUMENT, _retry_after_s(error) or DOCUMENT_WAIT_S, waited=attempt.waited)

    async def send(self, _: Attempt, outgoing: OutgoingEmail, carrier: Carrier[OutgoingEmail]) -> Answer:
        return await in_turn(carrier, outgoing)

    def segments(self, _: Letter) -> None:
        return None

    def estimate(self, _: Letter) -> None:
        return None

    async def close(self) -> None:
        await self._documents.close()

    async def _with_documents(self, letter: Letter, outgoing: OutgoingEmail) -> OutgoingEmail:
        """Raises what the documents' owner says no with, and AttachmentsTooLarge."""
        found = await asyncio.gather(*(self._documents.fetch(reference) for reference in letter.attachments))
        return _with_attachments(outgoing, tuple(found))


def _headers(attempt: Attempt, headers: Headers) -> Headers:
    """headers: those that what the mail is about calls for."""
    is_bulk = attempt.bulk and BULK not in headers
    return (*headers, ("Feedback-ID", _feedback_id(attempt)), *((BULK,) if is_bulk else ()))


def _feedback_id(attempt: Attempt) -> str:
    """By which Gmail counts complaints (support.google.com/mail/answer/6254652): four fields, the last one the sender's own."""
    message = attempt.message
    return f"{field_of(message, 'template_name') or ''}:{message.organization_id or ''}:{message.category}:{FEEDBACK_SENDER}"


def _is_international(address: str) -> bool:
    # Nearly none is, and a look is cheaper than the check.
    return not address.isascii() and mailbox(address).international


def _retry_after_s(error: ServiceError) -> float:
    return error.retry_after_s if isinstance(error, Transient) else 0.0


def _with_attachments(outgoing: OutgoingEmail, attachments: tuple[Attachment, ...]) -> OutgoingEmail:
    size = sum(len(one.content) for one in attachments)
    if size > MAX_ATTACHED_BYTES:
        raise AttachmentsTooLarge(f"the attachments have {size:,} bytes together; at most {MAX_ATTACHED_BYTES:,} go along")
    return replace(outgoing, attachments=attachments)
