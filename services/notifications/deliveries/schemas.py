"""Deliveries and e-mails on the wire."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.email.provider import Verdict
from shared.contracts.message import UtcDatetime

_DELIVERY: Final[dict[str, Any]] = {
    "id": "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "channel": "email",
    "to_address": "customs.desk@example.com",
    "subject": "Shipment is late",
    "requester": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "subject_key": "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "status": "sent",
    "message_id_header": "<019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a@example.com>",
    "retries": 1,
    "created_at": "2026-11-20T06:00:00.120000Z",
    "finished_at": "2026-11-20T06:00:21.480000Z",
    "error": None,
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


class DeliveryOut(BaseModel):
    """One message to one recipient."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_DELIVERY]})

    id: UUID
    organization_id: UUID | None
    channel: Literal["email"]
    to_address: str
    subject: str
    requester: str | None = Field(description="Who is told how it ended: `<service>.<kind>:<id>`.")
    subject_key: str | None = Field(description="What it is about.")
    status: DeliveryStatus
    message_id_header: str = Field(description="The Message-ID, the same on every attempt.")
    retries: int = Field(ge=0, description="Tries that counted, beyond the first.")
    created_at: datetime
    finished_at: datetime | None
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


class DeliveryTimeline(DeliveryOut):
    """A delivery with all its attempts, the first one first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_DELIVERY, "timeline": _ATTEMPTS}]})

    timeline: list[AttemptOut]


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


class EmailAccepted(BaseModel):
    """The e-mail will be sent; `GET /v1/deliveries/{id}` tells what became of it."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{"id": _DELIVERY["id"], "created_at": _DELIVERY["created_at"]}]}
    )

    id: UUID
    created_at: datetime
