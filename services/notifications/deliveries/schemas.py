"""Deliveries and e-mails on the wire."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, field_validator, model_validator

from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.email.provider import Verdict
from shared.contracts.message import UtcDatetime

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]", re.ASCII)
_DELIVERY: Final[dict[str, Any]] = {
    "id": "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "channel": "email",
    "to_address": "customs.desk@example.com",
    "to_person": None,
    "subject": "High: shipment MAEU1234567 is 5 days late",
    "template_name": "shipment_alert",
    "template_version": 3,
    "requester": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "subject_key": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "status": "sent",
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
    },
]


def _written_out(value: Any) -> Any:
    # A bare number would be read as seconds since 1970.
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("write a date and a time, like 2026-11-20T06:00:00Z")
    return value


Moment = Annotated[UtcDatetime, BeforeValidator(_written_out)]
"""A moment in a query."""


class DeliveryOut(BaseModel):
    """One message to one recipient."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_DELIVERY]})

    id: UUID
    organization_id: UUID | None
    channel: Literal["email"]
    to_address: str | None = Field(description="Null where the person who was meant has none.")
    to_person: str | None = Field(description="Who was meant, where no address was named.")
    subject: str | None = Field(description="Null until a template has made it.")
    template_name: str | None
    template_version: int | None = Field(description="The version that made the text of all attempts.")
    requester: str | None = Field(description="Who is told how it ended: `<service>.<kind>:<id>`.")
    subject_key: str | None = Field(description="What it is about.")
    status: DeliveryStatus
    message_id_header: str = Field(description="The Message-ID, the same on every attempt.")
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

    model_config = ConfigDict(json_schema_extra={"examples": [{**_DELIVERY, "timeline": _ATTEMPTS, "cancellation": None}]})

    timeline: list[AttemptOut]
    cancellation: CancellationOut | None = Field(default=None, description="The newest that concerns it.")


class DeliveryCancel(BaseModel):
    """Why one delivery is not to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "the customer called"}]})

    reason: str = Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$", description="One line.")


class EmailCreate(BaseModel):
    """An e-mail with a ready subject and text."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "to_email": "customs.desk@example.com",
                    "to_name": "Customs desk",
                    "subject": "Shipment is late",
                    "body": "Shipment MAEU1234567 is 3 days late.",
                    "body_html": "<p>Shipment <b>MAEU1234567</b> is 3 days late.</p>",
                }
            ]
        },
    )

    to_email: str = Field(max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_name: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]+$")
    subject: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$", description="One line.")
    body: str = Field(min_length=1, max_length=48_000)
    body_html: str | None = Field(default=None, max_length=48_000, description="An alternative to `body`.")
    valid_until: UtcDatetime | None = Field(default=None, description="Not sent after this moment.")
    subject_key: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]+$", description="What it is about.")
    lane: Literal["urgent", "normal", "bulk"] = "normal"


class TemplatedEmailCreate(BaseModel):
    """An e-mail that a template makes. Name either `to_email` or `to_person`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "to_email": "customs.desk@example.com",
                    "to_name": "Customs desk",
                    "template_name": "welcome",
                    "context": {"name": "Asha"},
                    "locale": "de-AT",
                }
            ]
        },
    )

    to_email: str | None = Field(default=None, max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_person: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[a-z]+\.[a-z_]+:[^\x00-\x1f]+$",
        description="A person who is known here, by `<service>.<kind>:<id>`, whose address, language and time zone count.",
    )
    to_name: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]+$")
    template_name: str = Field(max_length=100, pattern=r"^[a-z][a-z0-9_]*$")
    context: dict[str, JsonValue] = Field(default_factory=dict, description="The template's variables.")
    locale: str | None = Field(
        default=None,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$",
        description="A BCP 47 tag; by default the person's, then English.",
    )
    valid_until: UtcDatetime | None = Field(default=None, description="Not sent after this moment.")
    subject_key: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]+$", description="What it is about.")
    lane: Literal["urgent", "normal", "bulk"] = "normal"

    @field_validator("context")
    @classmethod
    def _can_travel(cls, context: dict[str, JsonValue]) -> dict[str, JsonValue]:
        # Python reads halves of characters, NaN and any depth, and no message can carry them.
        try:
            json.dumps(context, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):
            raise ValueError("use whole characters, numbers other than NaN and Infinity, and fewer levels") from None
        return context

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_email is None) == (self.to_person is None):
            raise ValueError("name either to_email or to_person")
        return self


class EmailAccepted(BaseModel):
    """The e-mail will be sent; `GET /v1/deliveries/{id}` tells what became of it."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{"id": _DELIVERY["id"], "created_at": _DELIVERY["created_at"]}]}
    )

    id: UUID
    created_at: datetime
