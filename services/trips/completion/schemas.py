"""Shapes of the completion API."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.trips.completion.models import CompletionStatus, DistanceSource, MileageSource, StepName, StepStatus
from services.trips.texts import Reason

Metres = Annotated[int, Field(strict=True, ge=0, le=100_000_000, examples=[18_400])]
Odometer = Annotated[int, Field(strict=True, ge=0, le=10_000_000_000, examples=[81_240_500])]


class MileageIn(BaseModel):
    """How far a trip was: by the vehicle's odometer, or as somebody says."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"distance_m": 18_400, "note": "by the map"}]})

    distance_m: Metres | None = Field(default=None, description="As somebody says it.")
    odometer_start_m: Odometer | None = Field(default=None, description="The odometer at the pickup, in metres.")
    odometer_end_m: Odometer | None = Field(default=None, description="The odometer at the drop-off, in metres.")
    note: Reason | None = Field(default=None, description="How it was found. A distance with it wins over positions.")

    @model_validator(mode="after")
    def says_one_thing(self) -> Self:
        """Either a distance or two readings that go forward."""
        readings = self.odometer_start_m, self.odometer_end_m
        if (self.distance_m is None) == (None in readings) or (self.distance_m is not None and readings != (None, None)):
            raise ValueError("send distance_m, or odometer_start_m and odometer_end_m, and not both")
        if self.distance_m is None and not 0 <= self.metres <= 100_000_000:
            raise ValueError("odometer_end_m must not be before odometer_start_m, nor more than 100,000 km after it")
        return self

    @property
    def metres(self) -> int:
        """The distance."""
        if self.distance_m is not None:
            return self.distance_m
        return (self.odometer_end_m or 0) - (self.odometer_start_m or 0)

    @property
    def source(self) -> Literal["odometer", "operator"]:
        """What says so."""
        return "operator" if self.distance_m is not None else "odometer"


class WaiveIn(BaseModel):
    """Why nobody waits for the invoice any more."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(examples=["billed by hand, order 4711"])


class StepOut(BaseModel):
    """A step of a completion."""

    model_config = ConfigDict(from_attributes=True)

    step: StepName
    status: StepStatus
    attempts: int
    tried_at: datetime | None
    ended_at: datetime | None
    detail: str | None


class MileageOut(BaseModel):
    """How far a trip was, by one source."""

    model_config = ConfigDict(from_attributes=True)

    source: MileageSource
    distance_m: int
    evidence: dict[str, Any]
    recorded_at: datetime
    recorded_by: str


class CompletionOut(BaseModel):
    """What follows from a completed trip."""

    trip_id: UUID
    status: CompletionStatus = Field(description="`failed`: a step failed for good, and people were handed what it left undone.")
    revision: int = Field(description="How often the facts were fixed; 0 for not yet.")
    distance_m: int | None
    distance_source: DistanceSource | None = Field(description="`estimate`: 1.3 times the straight line, nothing being recorded.")
    duration_s: int | None = Field(description="From the arrival at the pickup to the end.")
    waiting_s: int | None = Field(description="Of it, until the passenger was on board.")
    invoice_id: UUID | None
    invoice_number: str | None
    steps: list[StepOut]
    mileage: list[MileageOut] = Field(description="What is recorded, the best first.")
