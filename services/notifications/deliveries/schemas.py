"""Deliveries on the wire."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from shared.contracts.message import UtcDatetime

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]", re.ASCII)
_DELIVERY: Final[dict[str, Any]] = {
    "id": "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "channel": "email",
    "category": "alerts",
    "to_address": "customs.desk@example.com",
    "to_person": None,
    "subject": "High: shipment MAEU1234567 is 5 days late",
    "template_name": "shipment_alert",
    "template_version": 3,
    "template_versions": [
        {"organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef", "locale": "en", "version": 3, "parts": ["subject"]},
        {"organization_id": None, "locale": "en", "version": 11, "parts": ["text", "html"]},
    ],
    "requester": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "subject_key": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "status": "sent",
    "receipt": "delivered",
    "receipt_at": "2026-11-20T06:00:24Z",
    "reason": None,
    "held_until": None,
    "provider": "smtp",
    "segments": None,
    "estimated_costs": [],
    "costs": [],
    "notice_id": None,
    "message_id_header": "<019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a@example.com>",
    "retries": 1,
    "created_at": "2026-11-20T06:00:00.120000Z",
    "finished_at": "2026-11-20T06:00:21.480000Z",
    "cancelled_at": None,
    "error": None,
}
_CANCELLATION: Final[dict[str, Any]] = {
    "subject_key": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "cancelled_at": "2026-11-20T06:00:19.480000Z",
    "reason": "the alert was resolved",
    "cancelled_by": "service:alerts",
}
_ATTEMPTS: Final[list[Any]] = [
    {
        "number": 1,
        "provider": "smtp",
        "started_at": "2026-11-20T06:00:00.130000Z",
        "finished_at": "2026-11-20T06:00:00.310000Z",
        "outcome": "transient",
        "code": 451,
        "enhanced_code": "4.3.0",
        "detail": "4.3.0 Local error in processing, try again later",
        "latency_ms": 180,
        "provider_message_id": None,
        "estimated_cost": None,
        "cost": None,
    },
    {
        "number": 2,
        "provider": "smtp",
        "started_at": "2026-11-20T06:00:21.300000Z",
        "finished_at": "2026-11-20T06:00:21.480000Z",
        "outcome": "accepted",
        "code": 250,
        "enhanced_code": "2.0.0",
        "detail": "2.0.0 OK",
        "latency_ms": 180,
        "provider_message_id": None,
        "estimated_cost": None,
        "cost": None,
    },
]
_EVENTS: Final[list[Any]] = [
    {
        "kind": "delivered",
        "occurred_at": "2026-11-20T06:00:24Z",
        "provider": "sendgrid",
        "code": None,
        "detail": "250 2.0.0 OK",
    }
]


def _written_out(value: Any) -> Any:
    # A bare number would be read as seconds since 1970.
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("write a date and a time, like 2026-11-20T06:00:00Z")
    return value


Moment = Annotated[UtcDatetime, BeforeValidator(_written_out)]
"""A moment in a query."""


Text = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^\x00-\x1f]+$")]
ChannelName = Literal["email", "sms", "in_app"]


class DeliveryQuery(BaseModel):
    """Which deliveries are meant; all of what is given must hold."""

    status: DeliveryStatus | None = Field(default=None, description="Only those that stand so.")
    template_name: Text | None = Field(default=None, description="Only those that this template made.")
    requester: Text | None = Field(default=None, description="Only those that it asked for.")
    subject_key: Text | None = Field(default=None, description="Only those about this.")
    to_address: Text | None = Field(default=None, description="Only those to exactly this address or number.")
    channel: ChannelName | None = Field(default=None, description="Only those over this channel.")
    receipt: Receipt | None = Field(default=None, description="Only those of which this is the last word.")
    notice_id: UUID | None = Field(default=None, description="Only what this message has become.")
    created_after: Moment | None = Field(default=None, description="This moment or later.")
    created_before: Moment | None = Field(default=None, description="Before this moment.")


class VersionUsed(BaseModel):
    """A version of a template that a message is made of."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID | None = Field(description="Whose override it is; null for the default.")
    locale: str
    version: int
    parts: list[str] = Field(description="What it gave: of `subject`, `text`, `html`, `sms`, `push_title`, `push_body`.")


def _digits(amount: Decimal) -> str:
    # str() writes what is smaller than a millionth as 1E-7.
    return format(amount, "f")


Amount = Annotated[Decimal, Field(ge=0), PlainSerializer(_digits, return_type=str)]
"""An exact amount in whole units of a currency, written out."""


class PriceOut(BaseModel):
    """What something costs, exactly."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [{"amount": "0.00750", "currency": "USD"}]})

    amount: Amount = Field(description="In whole units of the currency, to the digit that was told.")
    currency: str = Field(description="ISO 4217.")


class DeliveryOut(BaseModel):
    """One message to one recipient."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_DELIVERY]})

    id: UUID
    organization_id: UUID | None
    channel: ChannelName
    category: str = Field(description="By which people choose what they want to get.")
    to_address: str | None = Field(description="An e-mail address or a number. Null where the person who was meant has none.")
    to_person: str | None = Field(description="Who was meant, where no address was named.")
    subject: str | None = Field(description="Null until a template has made it.")
    template_name: str | None
    template_version: int | None = Field(
        description="Of the versions that made the text of all attempts, the one that counts first."
    )
    template_versions: list[VersionUsed] | None = Field(
        description="The versions that made the text, what counts first in front. Until it is made: those it will be made of."
    )
    requester: str | None = Field(description="Who is told how it ended: `<service>.<kind>:<id>`.")
    subject_key: str | None = Field(description="What it is about.")
    status: DeliveryStatus
    receipt: Receipt | None = Field(description="What the provider has reported since it took the message.")
    receipt_at: datetime | None
    reason: str | None = Field(description="A stable code of why it was dropped, has failed or waits.")
    held_until: datetime | None = Field(description="Not before, where quiet hours or the like hold it back.")
    provider: str | None = Field(description="The account that took it.")
    segments: int | None = Field(description="Of an SMS.")
    estimated_costs: list[PriceOut] = Field(
        description="What all attempts at an SMS should cost, by currency and by `SMS_PRICES` as it was then; else empty."
    )
    costs: list[PriceOut] = Field(
        description="What they cost by what the providers have told so far; by currency, empty until then."
    )
    notice_id: UUID | None = Field(description="The message that asked for this delivery and perhaps others.")
    message_id_header: str | None = Field(description="The Message-ID of an e-mail, the same on every attempt.")
    retries: int = Field(ge=0, description="Tries that counted, beyond the first.")
    created_at: datetime
    finished_at: datetime | None
    cancelled_at: datetime | None = Field(description="When it was cancelled, where that is why it was dropped.")
    error: str | None = Field(description="Why it has not been sent, or not yet.")


class AttemptOut(BaseModel):
    """One call of a provider. Without an outcome it is under way."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ATTEMPTS[0]]})

    number: int = Field(ge=1)
    provider: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Verdict | None
    code: int | None = Field(description="SMTP reply or HTTP status.")
    enhanced_code: str | None = Field(description="Enhanced status code (RFC 3463).")
    detail: str | None
    latency_ms: int | None
    provider_message_id: str | None = Field(description="How the provider calls it.")
    estimated_cost: PriceOut | None = Field(description="What an SMS should cost, by `SMS_PRICES` as it was then.")
    cost: PriceOut | None = Field(description="What the provider has told; null until it has, and where it tells nothing.")


class EventOut(BaseModel):
    """What happened besides the attempts: a report of the provider, or a rule that has held the message back or stopped it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EVENTS[0]]})

    kind: str
    occurred_at: datetime
    provider: str | None
    code: str | None
    detail: str | None


class CancellationOut(BaseModel):
    """Somebody's word that a mail is not to be sent any more."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CANCELLATION]})

    subject_key: str = Field(description="What it names: the delivery's subject, or the delivery itself.")
    cancelled_at: datetime
    reason: str
    cancelled_by: str


class DeliveryTimeline(DeliveryOut):
    """A delivery with all its attempts, the first one first.

    A cancellation of a delivery that was sent came too late; one of a delivery that is still being sent counts if this
    attempt fails.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_DELIVERY, "timeline": _ATTEMPTS, "events": _EVENTS, "cancellation": None}]}
    )

    timeline: list[AttemptOut]
    events: list[EventOut]
    cancellation: CancellationOut | None = Field(default=None, description="The newest that concerns it.")


class DeliveryCancel(BaseModel):
    """Why one delivery is not to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "the customer called"}]})

    reason: str = Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$", description="One line.")
