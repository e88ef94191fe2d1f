"""Messages that people and programs ask for over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from services.notifications.deliveries.letters import Addressee, Letter, Letters, RowFacts, delivery_row, field_of
from services.notifications.deliveries.repository import DeliveryRepository
from services.notifications.email.typed_addresses import check_typed
from services.notifications.notices.notice_check import NoticeCheck
from shared.contracts.lanes import Lane
from shared.contracts.notifications import ChannelSend, SendNotification
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

M = TypeVar("M", bound=ChannelSend)


@dataclass(frozen=True, slots=True)
class Requested:
    """A message that will be sent when the unit of work commits."""

    id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Writing(Generic[M]):
    """How the letters of one message type are written. domain: of the sender, for the Message-ID of e-mails."""

    letters: Letters[M]
    channel: str
    domain: str = ""


class Requests:
    """Asking for messages.

    What goes over one channel is shown as queued from now on, and what cannot be sent is refused at once: AddressUnusable,
    NumberUnusable, MessageTooLarge where the text or the context is too much, and what templated letters say no with.
    """

    def __init__(self, session: Session, publisher: Publisher, clock: Clock) -> None:
        self._session = session
        self._publisher = publisher
        self._clock = clock

    async def request(self, message: M, writing: Writing[M], lane: Lane) -> Requested:
        """Publish a message to one recipient. A template is rendered here and now; what it makes is what will be sent."""
        requested = Requested(uuid7(), self._clock())
        # First, because what is too large need not be rendered; whatever is refused below takes it back.
        self._publisher.publish(message, lane=lane, message_id=requested.id)
        if (typed := field_of(message, "to_email")) is not None:
            check_typed(typed)
        found = (await writing.letters.addressees(self._session, {requested.id: message}))[requested.id]
        if not isinstance(found, Addressee):
            raise found
        written = (await writing.letters.write(self._session, {requested.id: message}, {requested.id: found}))[requested.id]
        if not isinstance(written, Letter):
            raise written
        facts = RowFacts(requested.id, writing.channel, writing.domain, None, 0)
        row = delivery_row(facts, message, found, written)
        await DeliveryRepository(self._session).add([row], requested.created_at)
        await writing.letters.keep(self._session, {requested.id: written})
        return requested

    async def notify(self, message: SendNotification, check: NoticeCheck, lane: Lane) -> Requested:
        """Publish a notice; over which channels it goes is decided when it is taken up. Raises what NoticeCheck says no with."""
        await check.check(message)
        return Requested(self._publisher.publish(message, lane=lane), self._clock())
