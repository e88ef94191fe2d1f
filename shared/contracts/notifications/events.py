"""What is told of deliveries to the services that asked for them."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Contract, Event, UtcDatetime


class DeliveryFinished(Event):
    """A delivery reached its end: accepted by the provider, given up, or dropped as pointless."""

    contract: ClassVar = Contract("notifications.delivery_finished", (lanes.ALERTS_DEFAULT,), max_batch=500)

    delivery_id: UUID
    requester: str
    status: Literal["sent", "failed", "dropped"]
    retries: int = Field(ge=0)
    finished_at: UtcDatetime
    error: str | None = Field(default=None, max_length=500)


class DeliveryDelayed(Event):
    """A try of a delivery has failed, and there will be another one. Told again when the reason changes or a try has counted.

    retries: tries that have counted so far, beyond the first.
    """

    contract: ClassVar = Contract("notifications.delivery_delayed", (lanes.ALERTS_DEFAULT,), max_batch=500)

    delivery_id: UUID
    requester: str
    retries: int = Field(ge=0)
    failed_at: UtcDatetime
    error: str = Field(max_length=500)
