"""Alerts as the database holds them, and what their e-mails need."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Severity = Literal["info", "warning", "high", "critical"]
Status = Literal["open", "acknowledged", "snoozed", "resolved"]


class Alert(Model):
    """That a shipment had reached a step of lateness on the day `raised_on`. Unique by shipment, step and ETA revision.

    email_requested_at: when notifications was asked to send. The other email_ columns mirror what it reports back.
    """

    __tablename__ = "alerts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    shipment_id: Mapped[UUID]
    step: Mapped[int]
    eta_revision: Mapped[int]
    severity: Mapped[Severity] = mapped_column(Text)
    days_late: Mapped[int]
    raised_on: Mapped[date]
    status: Mapped[Status] = mapped_column(Text)
    email_sent: Mapped[bool]
    email_sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    email_retry_count: Mapped[int]
    email_error: Mapped[str | None]
    email_requested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class PendingEmail:
    """An alert that nobody has been told of, with what the e-mail says. eta: the one that it is late by."""

    alert_id: UUID
    organization_id: UUID
    severity: Severity
    days_late: int
    raised_on: date
    recipient_email: str
    customer: str
    reference: str
    carrier: str
    origin: str
    destination: str
    eta: date
    shipment_status: str


@dataclass(frozen=True, slots=True)
class EmailOutcome:
    """What notifications reports of an alert's e-mail."""

    alert_id: UUID
    sent: bool
    finished_at: datetime
    retries: int
    error: str | None
