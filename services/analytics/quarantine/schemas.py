"""Shapes of events that were put aside."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from services.analytics.events.event_models import Reason


class QuarantinedEventOut(BaseModel):
    """An event that was not taken."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID = Field(description="Zeros: nobody's.")
    reason: Reason
    detail: str = Field(description="What was wrong, and how to mend it.")
    event_name: str | None
    payload: str = Field(description="The event as it came; mostly JSON.")
    first_at: datetime
    last_at: datetime
    times: int = Field(description="How often it has come.")
    state: Literal["held", "redriven", "discarded"]
    decided_at: datetime | None
    decided_by: str | None
    note: str | None


class RedriveOne(BaseModel):
    """How one is tried again."""

    model_config = ConfigDict(extra="forbid")

    event: dict[str, Any] | None = Field(default=None, description="The event as it was meant, in the place of what came.")
    accept_late: StrictBool = Field(default=False, description="Take it although it is late, up to 400 days.")


class RedriveMany(BaseModel):
    """Which are tried again: those of these ids, or the oldest of a reason or name."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(default_factory=list, max_length=1000)
    reason: Reason | None = None
    event_name: str | None = Field(default=None, max_length=100, pattern=r"^[^\x00]+$")
    limit: int = Field(default=1000, ge=1, le=1000)
    accept_late: StrictBool = False


class Redriven(BaseModel):
    """What became of those that were tried again."""

    accepted: int
    duplicates: int = Field(description="That had come otherwise meanwhile.")
    refused: int = Field(description="That are held on.")


class DiscardIn(BaseModel):
    """Why an event is given up."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$", examples=["a test of the shop's"])
