"""Deliveries as people and programs ask for them over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.deliveries.email_sending import delivery_row
from services.notifications.deliveries.errors import DeliveryNotFound
from services.notifications.deliveries.models import Delivery, DeliveryStatus
from services.notifications.deliveries.repository import DeliveryReader, DeliveryRepository
from services.notifications.email.mime import mailbox
from shared.contracts.lanes import Lane
from shared.contracts.notifications import SendEmail
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher


class Deliveries:
    """Reading deliveries. organization_id: the caller's tenant; None sees all."""

    def __init__(self, reader: DeliveryReader, organization_id: UUID | None) -> None:
        self._reader = reader
        self._organization_id = organization_id

    async def get(self, delivery_id: UUID) -> Delivery:
        """A delivery with its attempts. Raises DeliveryNotFound."""
        found = await self._reader.find(delivery_id, self._organization_id)
        if found is None:
            raise DeliveryNotFound("there is no such delivery; GET /v1/deliveries lists those that there are")
        return found

    async def newest(self, *, status: DeliveryStatus | None, after: tuple[Any, ...] | None, limit: int) -> Sequence[Delivery]:
        """The newest first."""
        return await self._reader.newest(self._organization_id, status=status, after=after, limit=limit)


@dataclass(frozen=True, slots=True)
class Requested:
    """An e-mail that will be sent when the unit of work commits."""

    id: UUID
    created_at: datetime


class EmailRequests:
    """Asking for e-mails. domain: the sender's, for the Message-ID."""

    def __init__(self, deliveries: DeliveryRepository, publisher: Publisher, clock: Clock, domain: str) -> None:
        self._deliveries = deliveries
        self._publisher = publisher
        self._clock = clock
        self._domain = domain

    async def request(self, message: SendEmail, lane: Lane) -> Requested:
        """Publish the message, and show its delivery as queued from now on.

        Raises AddressUnusable, and MessageTooLarge where text and HTML are too much together.
        """
        mailbox(message.to_email, message.to_name)
        requested = Requested(uuid7(), self._clock())
        await self._deliveries.add([delivery_row(requested.id, message, self._domain, 0)], requested.created_at)
        self._publisher.publish(message, lane=lane, message_id=requested.id)
        return requested
