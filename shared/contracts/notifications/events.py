"""What is told of deliveries to the services that asked for them."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

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


class EndedDeliveries(BaseModel):
    """How many messages of an organization over one channel have ended so."""

    model_config = ConfigDict(frozen=True)

    organization_id: UUID | None = None
    channel: str = Field(max_length=20, pattern=r"^[a-z_]+$")
    status: Literal["sent", "failed", "dropped"]
    count: int = Field(ge=1, le=1_000_000)


class DeliveriesEnded(Event):
    """Deliveries that have ended together, counted: one event for what was recorded at once, and not one for each message."""

    contract: ClassVar = Contract("notifications.deliveries_ended", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    ended: tuple[EndedDeliveries, ...] = Field(min_length=1, max_length=500)
    ended_at: UtcDatetime
