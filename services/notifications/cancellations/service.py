"""Cancelling: what waits about a subject ends at once, and what is still on its way is dropped when it arrives."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.cancellations.repository import Cancellation, CancellationRepository, key_of
from services.notifications.cancellations.schemas import CancellationAccepted
from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.deliveries.errors import DeliveryEnded, DeliveryNotFound
from services.notifications.deliveries.models import Delivery, DeliveryStatus
from services.notifications.deliveries.repository import DeliveryRepository, storable
from shared.contracts.notifications import CancelMessages
from shared.runtime.clock import Clock
from shared.runtime.inbox.delivery import Received

NO_REASON: Final = "it is no longer needed"


Withdraw = Callable[[str, datetime, UUID | None], Awaitable[object]]
"""Takes back what has come into inboxes about a subject until a moment: an organization's, or everybody's."""


class Cancelling:
    """Cancelling by subject, and of one delivery."""

    def __init__(
        self,
        cancellations: CancellationRepository,
        deliveries: DeliveryRepository,
        dropped: DroppedDeliveries,
        withdraw: Withdraw,
        clock: Clock,
    ) -> None:
        self._cancellations = cancellations
        self._deliveries = deliveries
        self._dropped = dropped
        self._withdraw = withdraw
        self._clock = clock

    async def carry_out(self, received: Sequence[Received[CancelMessages]]) -> None:
        """Cancel what services name, whoever's it is, up to the moment that they name, or else to that of their own asking.

        Then what they ask for in the same transaction counts as asked for before.
        """
        await self._cancel([_from_message(one) for one in received])

    async def cancel_subject(self, subject_key: str, organization_id: UUID | None, reason: str, by: str) -> CancellationAccepted:
        """Cancel an organization's messages about a subject, or everybody's."""
        moment = await self._cancellations.moment()
        dropped = await self._cancel([Cancellation(subject_key, organization_id, moment, reason, by)])
        return CancellationAccepted(
            subject_key=subject_key, organization_id=organization_id, cancelled_at=moment, dropped=dropped
        )

    async def forbid(self, subject_key: str, organization_id: UUID | None, reason: str, by: str) -> None:
        """Have whatever was published about a subject until now dropped as its turn comes, and end nothing that waits.

        For a caller that lets what waits come itself, and holds whoever publishes about the subject: what was published before
        that lock was got is covered, though this transaction began earlier.
        """
        moment = await self._cancellations.this_moment()
        await self._cancellations.remember([Cancellation(subject_key, organization_id, moment, reason, by)])
        await self._cancellations.forget_old()

    async def _cancel(self, cancellations: Sequence[Cancellation]) -> int:
        """A delivery whose call is under way is dropped if that call fails. What arrives later is dropped before its call."""
        await self._cancellations.remember(cancellations)
        waiting = await self._deliveries.waiting_for([one.subject_key for one in cancellations])
        dropped = await self._dropped.drop_cancelled(waiting, self._clock())
        for one in cancellations:
            await self._withdraw(one.subject_key, one.cancelled_at, one.organization_id)
        await self._cancellations.forget_old()
        return len(dropped)

    async def cancel_one(self, delivery_id: UUID, organization_id: UUID | None, reason: str, by: str) -> None:
        """Cancel one delivery; one that is cancelled already stays as it is. Raises DeliveryNotFound and DeliveryEnded."""
        found = await self._deliveries.locked(delivery_id, organization_id)
        if found is None:
            raise DeliveryNotFound("there is no such delivery; GET /v1/deliveries lists those that there are")
        if found.cancelled_at is not None:
            return
        if found.finished_at is not None:
            raise DeliveryEnded(_why_not(found))
        await self._cancellations.remember(
            [Cancellation(key_of(delivery_id), None, await self._cancellations.moment(), reason, by)]
        )
        await self._dropped.drop_cancelled([delivery_id], self._clock())


def _from_message(one: Received[CancelMessages]) -> Cancellation:
    message = one.message
    reason = storable(message.reason or "") or NO_REASON
    by = f"service:{one.source}" if one.source is not None else "a Celery client"
    moment = message.before if message.before is not None else one.occurred_at
    return Cancellation(storable(message.subject_key), None, moment, reason, by)


def _why_not(found: Delivery) -> str:
    match found.status:
        case DeliveryStatus.SENT:
            return f"it was sent at {found.finished_at:%Y-%m-%d %H:%M:%S} UTC, and a mail that was sent cannot be called back"
        case DeliveryStatus.FAILED:
            return "it has failed for good, so nothing of it waits; its dead letter can be discarded"
        case _:
            return f"it was dropped before: {found.error}"
