"""The tables of deliveries and their attempts; see migrations 0002, 0005, 0006 and 0016 for what each column says."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.runtime.db import Model


class DeliveryStatus(StrEnum):
    """queued: waits for its first or next attempt. sending: an attempt is under way. The others are final; a failed one
    goes back to sending when its dead letter is replayed. What was cancelled is dropped, and has a time in cancelled_at."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Delivery(Model):
    """One message to one recipient."""

    __tablename__ = "deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    channel: Mapped[str]
    to_address: Mapped[str | None]
    to_person: Mapped[str | None]
    subject: Mapped[str | None]
    template_name: Mapped[str | None]
    template_version: Mapped[int | None]
    template_versions: Mapped[list[Any] | None] = mapped_column(JSONB)
    requester: Mapped[str | None]
    subject_key: Mapped[str | None]
    status: Mapped[str]
    unsent: Mapped[str | None]
    message_id_header: Mapped[str | None]
    retries: Mapped[int]
    attempts: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None]
    category: Mapped[str]
    address_hash: Mapped[str | None]
    dedupe_key: Mapped[str | None]
    notice_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    held_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    waits_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    provider: Mapped[str | None]
    awaits_report: Mapped[bool]
    segments: Mapped[int | None]
    receipt: Mapped[str | None]
    receipt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    timeline: Mapped[list["DeliveryAttempt"]] = relationship(lazy="raise", order_by="DeliveryAttempt.number")
    events: Mapped[list["DeliveryEvent"]] = relationship(lazy="raise", order_by="DeliveryEvent.occurred_at, DeliveryEvent.id")


class DeliveryAttempt(Model):
    """One call of a provider."""

    __tablename__ = "delivery_attempts"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None]
    code: Mapped[int | None]
    enhanced_code: Mapped[str | None]
    detail: Mapped[str | None]
    latency_ms: Mapped[int | None]
    provider_message_id: Mapped[str | None]


class DeliveryEvent(Model):
    """What happened to a delivery besides its attempts: a provider's report, or what a gate has decided."""

    __tablename__ = "delivery_events"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    kind: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    provider: Mapped[str | None]
    code: Mapped[str | None]
    detail: Mapped[str | None]
