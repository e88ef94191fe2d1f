"""Alerts as the database holds them, and what happened to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.alerts.shipments.models import Shipment
from services.alerts.shipments.models import Status as ShipmentStatus
from shared.runtime.db import Model

Severity = Literal["info", "warning", "high", "critical"]
Status = Literal["open", "acknowledged", "snoozed", "resolved"]
Resolution = Literal["manual", "released", "delivered", "cancelled", "eta_changed"]
Happening = Literal[
    "raised",
    "reopened",
    "acknowledged",
    "unacknowledged",
    "snoozed",
    "woken",
    "resolved",
    "commented",
    "email_requested",
    "email_sent",
    "email_failed",
    "email_dropped",
]
"""What can happen to an alert: the kinds of its timeline."""


class Alert(Model):
    """That a shipment had reached a step of lateness on the day `raised_on`. Unique by shipment, ETA revision
    and step of a policy.

    version: the entity tag, and the number of the newest entry of the timeline. acknowledged_by: the last one who did, until
    the alert is opened again. reopens: the alert of an earlier ETA revision that this one takes up again.
    email_requested_at: when notifications was asked to send. The other email_ columns mirror what it reports back.
    """

    __tablename__ = "alerts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.id"))
    step: Mapped[int]
    eta_revision: Mapped[int]
    severity: Mapped[Severity] = mapped_column(Text)
    days_late: Mapped[int]
    raised_on: Mapped[date]
    run_id: Mapped[UUID | None]
    policy_version_id: Mapped[UUID | None]
    reopens: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[Status] = mapped_column(Text)
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acknowledged_by: Mapped[str | None]
    snoozed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolution: Mapped[Resolution | None] = mapped_column(Text)
    email_sent: Mapped[bool]
    email_sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    email_retry_count: Mapped[int]
    email_error: Mapped[str | None]
    email_requested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    shipment: Mapped[Shipment] = relationship(lazy="raise", viewonly=True)

    @property
    def customer(self) -> str:
        """The shipment's."""
        return self.shipment.customer

    @property
    def reference(self) -> str:
        """The shipment's."""
        return self.shipment.reference

    @property
    def shipment_status(self) -> ShipmentStatus:
        """As the shipment stands now."""
        return self.shipment.status


class TimelineRow(Model):
    """One thing that happened to an alert. Never changed. until: the end of a snooze."""

    __tablename__ = "alert_timeline"

    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[Happening] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str]
    reason: Mapped[str | None]
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    message_id: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Something that happened to an alert and has still to be written.

    actor: a principal's id, or `system:` and the part of the service that did it. message_id: the message that caused it,
    or that it caused.
    """

    alert_id: UUID
    kind: Happening
    actor: str
    reason: str | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AlertState:
    """How an alert stands, read under its lock. watched, is_current: of its shipment, and of its ETA revision."""

    id: UUID
    status: Status
    version: int
    acknowledged_by: str | None
    snoozed_until: datetime | None
    watched: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A change of status by hand. until: the end of a snooze, None for all others."""

    kind: Happening
    status: Status
    actor: str
    reason: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Followed:
    """The alerts that a change of their shipments has resolved, and those that it has opened again."""

    resolved: Sequence[UUID]
    reopened: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Count:
    """How many unresolved alerts have this value of `what`: severity, status, customer or age.

    An age is the number of its bucket: 0 for up to 1 day, 1 to 3, 2 to 7, 3 to 14, 4 for more.
    """

    what: str
    value: str
    organization_id: UUID | None
    alerts: int
