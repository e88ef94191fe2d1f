"""Shapes of drills."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.drills.models import DrillState


class DifferenceOut(BaseModel):
    """A table that has other rows than were dumped."""

    table: str
    backup: int | None = Field(description="Null: the backup does not have it.")
    restored: int | None = Field(description="Null: it did not come back.")


class DrillOut(BaseModel):
    """A restore that was tried."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: DrillState = Field(description="`passed`: every table had the rows that were dumped.")
    requested_by: str
    asked_at: datetime
    attempt: int = Field(description="How often it was begun.")
    started_at: datetime | None
    ended_at: datetime | None
    backup_id: UUID | None = Field(description="What was restored.")
    took_s: float | None = Field(description="From an empty database to one that was compared.")
    size_bytes: int | None
    row_count: int | None
    differences: list[DifferenceOut] = Field(description="The first hundred.")
    error: str | None
