"""Shapes of the shifts API."""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.trips.days import Moment
from services.trips.shifts.models import ShiftKind

_LONGEST: Final = timedelta(days=366)


class ShiftIn(BaseModel):
    """A shift to add."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"starts_at": "2026-03-02T03:30:00Z", "ends_at": "2026-03-02T12:30:00Z"}]},
    )

    kind: ShiftKind = Field(
        default="duty", description="`duty`: when a driver who works in shifts can drive. `absence`: when no driver can."
    )
    starts_at: Moment
    ends_at: Moment

    @model_validator(mode="after")
    def is_a_time(self) -> Self:
        """It ends after it begins, and within a year."""
        if not timedelta() < self.ends_at - self.starts_at <= _LONGEST:
            raise ValueError("ends_at must be after starts_at, and at most 366 days after it")
        return self


class ShiftOut(BaseModel):
    """A shift."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    driver_id: UUID
    kind: ShiftKind
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    created_by: str
