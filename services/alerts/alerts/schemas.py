"""Shapes of the alerts API: what is shown."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alerts.alert_emails.models import EmailKind, EmailStatus
from services.alerts.alerts.models import Happening, Resolution, Severity, Status
from services.alerts.shipments.models import Status as ShipmentStatus


class AlertOut(BaseModel):
    """An alert: a shipment had reached a step of lateness."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    shipment_id: UUID
    customer: str = Field(examples=["Nordlicht Handels GmbH"])
    reference: str = Field(description="The shipment's.", examples=["MAEU1234567"])
    shipment_status: ShipmentStatus = Field(description="As the shipment stands now.")
    step: int = Field(examples=[2])
    eta_revision: int = Field(description="Which of the shipment's ETAs it was late by.", examples=[1])
    severity: Severity
    days_late: int = Field(description="On the day it was raised.", examples=[3])
    raised_on: date = Field(description="The day that was evaluated.")
    run_id: UUID | None = Field(description="The run that raised it; null for a single evaluation.")
    policy_version_id: UUID | None = Field(description="The content of the policy by which it was raised.")
    reopens: UUID | None = Field(description="The alert of an earlier ETA that this one takes up again.")
    version: int = Field(description="The number of its newest timeline entry; the ETag of `GET /v1/alerts/{id}` shows it.")
    status: Status
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(description="Who acknowledged it last, until it is opened again.", examples=["user:ada"])
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolution: Resolution | None = Field(description="`manual`, or what the shipment did that ended it.")
    email_sent: bool = Field(description="Whether the recipients' mail servers have taken the e-mail.")
    email_sent_at: datetime | None
    email_retry_count: int
    email_error: str | None = Field(description="Why it was not sent, once it was given up.")
    email_requested_at: datetime | None = Field(description="When notifications was asked to send it.")
    created_at: datetime


class TimelineOut(BaseModel):
    """One thing that happened to an alert."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Counted from 1, without gaps.")
    kind: Happening
    at: datetime
    actor: str = Field(description="A caller, or `system:` and what did it.", examples=["user:ada", "system:evaluation"])
    reason: str | None
    until: datetime | None = Field(description="Of a snooze, its end.")
    message_id: UUID | None = Field(description="The message that caused it, or that it caused.")


class ToldOut(BaseModel):
    """A mail that tells somebody of an alert."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Also of the delivery at notifications.")
    recipient: str
    kind: EmailKind
    status: EmailStatus
    requested_at: datetime
    cancelled_at: datetime | None = Field(description="When notifications was asked not to send it after all.")
    finished_at: datetime | None
    retries: int
    error: str | None


class AlertDetail(AlertOut):
    """An alert with what happened to it, the newest first and at most 100, and who was told."""

    timeline: list[TimelineOut]
    told: list[ToldOut]


class CustomerCount(BaseModel):
    """How many unresolved alerts a customer has."""

    organization_id: UUID
    customer: str
    alerts: int


class AgeCount(BaseModel):
    """How many unresolved alerts were raised so many days ago."""

    from_days: int
    to_days: int | None = Field(description="Null: without end.")
    alerts: int


class AlertCounts(BaseModel):
    """How many alerts are not resolved, by severity, status, customer (those with the most) and days since `raised_on`."""

    unresolved: int
    by_severity: dict[Severity, int]
    by_status: dict[Status, int]
    by_customer: list[CustomerCount]
    by_age: list[AgeCount]
