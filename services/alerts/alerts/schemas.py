"""Shapes of the alerts API."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alerts.alerts.models import Severity, Status


class AlertOut(BaseModel):
    """An alert: a shipment had reached a step of lateness."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    shipment_id: UUID
    step: int = Field(examples=[2])
    eta_revision: int = Field(description="Which of the shipment's ETAs it was late by.", examples=[1])
    severity: Severity
    days_late: int = Field(description="On the day it was raised.", examples=[3])
    raised_on: date = Field(description="The day that was evaluated.")
    status: Status
    email_sent: bool = Field(description="Whether the recipient's mail server has taken the e-mail.")
    email_sent_at: datetime | None
    email_retry_count: int
    email_error: str | None = Field(description="Why it was not sent, once it was given up.")
    email_requested_at: datetime | None = Field(description="When notifications was asked to send it.")
    created_at: datetime
