"""Cancellations on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_KEY = "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77"


class CancellationCreate(BaseModel):
    """What is not to be sent any more, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"subject_key": _KEY, "reason": "the alert was resolved"}]}
    )

    subject_key: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$", description="What the mails are about.")
    reason: str = Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$", description="One line.")


class CancellationAccepted(BaseModel):
    """What was asked for about the subject until now is not sent any more."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject_key": _KEY, "organization_id": None, "cancelled_at": "2026-11-20T06:00:19.480000Z", "dropped": 2}
            ]
        }
    )

    subject_key: str
    organization_id: UUID | None = Field(description="Whose messages alone; null for everybody's.")
    cancelled_at: datetime
    dropped: int = Field(ge=0, description="Waiting deliveries that ended by it at once. What arrives later is dropped, too.")
