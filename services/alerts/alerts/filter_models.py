"""Which alerts are meant: by lists, by exports and by bulk actions alike."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.alerts.alerts.models import Severity, Status
from services.alerts.shipments.day_models import Day

Customer = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AlertFilter(BaseModel):
    """An alert is meant when it meets all that is named. Of several values for one thing, one is enough."""

    model_config = ConfigDict(frozen=True)

    status: list[Status] | None = Field(None, max_length=10, description="Only those in one of these.")
    severity: list[Severity] | None = Field(None, max_length=10, description="Only those of one of these.")
    customer: Customer | None = Field(None, description="Only those of shipments of this customer, spelt the same.")
    shipment_id: UUID | None = Field(None, description="Only those of this shipment.")
    run_id: UUID | None = Field(None, description="Only those that this evaluation run raised.")
    raised_from: Day | None = Field(None, description="Only those that were raised for this day or a later one.")
    raised_to: Day | None = Field(None, description="Only those that were raised for this day or an earlier one.")
    email_sent: bool | None = Field(None, description="Only those whose e-mail was sent, or was not.")
    step: int | None = Field(None, ge=1, le=20, description="Only those of this step of their policy.")
    snoozed: bool | None = Field(None, description="Only those that are snoozed, or are not.")

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.raised_from is not None and self.raised_to is not None and self.raised_from > self.raised_to:
            raise ValueError("raised_from lies after raised_to, so that no day is meant; swap them")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether it means every alert."""
        return not self.model_dump(exclude_none=True)
