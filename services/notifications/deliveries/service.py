"""Deliveries as people and programs ask for them over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.notifications.cancellations.repository import Asked, CancellationReader
from services.notifications.deliveries.errors import DeliveryNotFound
from services.notifications.deliveries.models import Delivery
from services.notifications.deliveries.repository import DeliveryFilter, DeliveryReader
from services.notifications.deliveries.schemas import CancellationOut, DeliveryTimeline


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
