"""Messages that the notifications service owns."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Contract, Event, Send, UtcDatetime
from shared.contracts.retry import RetryPolicy


class SendEmail(Send):
    """Send one e-mail with a ready subject and body.

    requester: the reference `<service>.<kind>:<id>` that `notifications.delivery_finished` quotes back
    to the service that asked; without one nobody is told.
    """

    contract: ClassVar = Contract(
        "notifications.send_email",
        (lanes.NOTIFICATIONS_NORMAL, lanes.NOTIFICATIONS_URGENT, lanes.NOTIFICATIONS_BULK),
        RetryPolicy(max_retries=3, base_s=30, cap_s=600),
        max_batch=100,
    )

    to_email: str = Field(max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_name: str | None = Field(default=None, max_length=200)
    subject: str = Field(min_length=1, max_length=500)
    body: str = Field(min_length=1, max_length=48_000)
    body_html: str | None = Field(default=None, max_length=48_000)
    organization_id: UUID | None = None
    requester: str | None = Field(default=None, max_length=200, pattern=r"^[a-z]+\.[a-z_]+:.+$")


class DeliveryFinished(Event):
    """A delivery reached its end: accepted by the provider, given up, or dropped as pointless."""

    contract: ClassVar = Contract("notifications.delivery_finished", (lanes.ALERTS_DEFAULT,), max_batch=500)

    delivery_id: UUID
    requester: str
    status: Literal["sent", "failed", "dropped"]
    retries: int = Field(ge=0)
    finished_at: UtcDatetime
    error: str | None = Field(default=None, max_length=500)
