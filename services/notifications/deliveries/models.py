"""The tables of deliveries and their attempts; see migrations 0002 and 0005 for what each column says."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
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
    requester: Mapped[str | None]
    subject_key: Mapped[str | None]
    status: Mapped[str]
    message_id_header: Mapped[str]
    retries: Mapped[int]
    attempts: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None]

    timeline: Mapped[list["DeliveryAttempt"]] = relationship(lazy="raise", order_by="DeliveryAttempt.number")


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
