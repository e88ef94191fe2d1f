"""Shapes of the API of alerts' e-mails."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alerts.alert_emails.models import EmailKind, EmailStatus


class AlertEmailOut(BaseModel):
    """A mail about an alert, to one recipient."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Also the id of its delivery: `GET /v1/deliveries/{id}` of notifications tells every attempt.")
    recipient: str = Field(examples=["customs.desk@example.com"])
    kind: EmailKind = Field(description="About this alert, or a digest of many.")
    status: EmailStatus
    requested_at: datetime
    requested_by: str = Field(examples=["system:emails"])
    cancelled_at: datetime | None = Field(description="When notifications was asked not to send it after all.")
    finished_at: datetime | None
    retries: int
    error: str | None


class AlertEmails(BaseModel):
    """Who was told of an alert, or is about to be."""

    items: list[AlertEmailOut]
