"""Deliveries as people and programs ask for them over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from services.notifications.cancellations.repository import Asked, CancellationReader
from services.notifications.deliveries.errors import DeliveryNotFound
from services.notifications.deliveries.letters import AnyEmail, Letter, Letters, ReadyLetters, delivery_row
from services.notifications.deliveries.models import Delivery
from services.notifications.deliveries.repository import DeliveryFilter, DeliveryReader, DeliveryRepository
from services.notifications.deliveries.schemas import CancellationOut, DeliveryTimeline
from services.notifications.deliveries.templated_letters import TemplatedLetters
from shared.contracts.lanes import Lane
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

M = TypeVar("M", bound=AnyEmail)


class Deliveries:
    """Reading deliveries. organization_id: the caller's tenant; None sees all."""

    def __init__(self, reader: DeliveryReader, cancellations: CancellationReader, organization_id: UUID | None) -> None:
        self._reader = reader
        self._cancellations = cancellations
        self._organization_id = organization_id

    async def timeline(self, delivery_id: UUID) -> DeliveryTimeline:
        """A delivery with its attempts, and whether anybody has cancelled it. Raises DeliveryNotFound."""
        found = await self._reader.find(delivery_id, self._organization_id)
        if found is None:
            raise DeliveryNotFound("there is no such delivery; GET /v1/deliveries lists those that there are")
        asked = Asked(found.id, found.organization_id, found.subject_key, found.asked_at)
        covering = (await self._cancellations.covering([asked])).get(found.id)
        cancellation = CancellationOut.model_validate(covering) if covering is not None else None
        return DeliveryTimeline.model_validate(found).model_copy(update={"cancellation": cancellation})

    async def newest(self, wanted: DeliveryFilter, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Delivery]:
        """The newest first."""
        return await self._reader.newest(wanted, after=after, limit=limit)


@dataclass(frozen=True, slots=True)
class Requested:
    """An e-mail that will be sent when the unit of work commits."""

    id: UUID
    created_at: datetime


class EmailRequests:
    """Asking for e-mails. domain: the sender's, for the Message-ID.

    Each is shown as queued from now on. What cannot be sent is refused at once: AddressUnusable, MessageTooLarge where text
    and HTML or the context are too much, and what TemplatedLetters says no with.
    """

    def __init__(self, session: Session, templated: TemplatedLetters, publisher: Publisher, clock: Clock, domain: str) -> None:
        self._session = session
        self._templated = templated
        self._publisher = publisher
        self._clock = clock
        self._domain = domain

    async def request(self, message: SendEmail, lane: Lane) -> Requested:
        """Publish a message that carries its text."""
        return await self._request(message, ReadyLetters(), lane)

    async def request_templated(self, message: SendTemplatedEmail, lane: Lane) -> Requested:
        """Publish a message whose text is made here and now; that text is what will be sent."""
        return await self._request(message, self._templated, lane)

    async def _request(self, message: M, letters: Letters[M], lane: Lane) -> Requested:
        requested = Requested(uuid7(), self._clock())
        written = (await letters.write(self._session, {requested.id: message}))[requested.id]
        if not isinstance(written, Letter):
            raise written
        row = delivery_row(requested.id, message, written, self._domain, asked_at=None, retries=0)
        await DeliveryRepository(self._session).add([row], requested.created_at)
        await letters.keep(self._session, {requested.id: written})
        self._publisher.publish(message, lane=lane, message_id=requested.id)
        return requested
