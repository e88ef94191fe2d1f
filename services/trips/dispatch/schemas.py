"""Shapes of the dispatch API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.trips.dispatch.models import AssignmentStatus, Hindrance
from services.trips.texts import Reason, Reference


class OfferIn(BaseModel):
    """To whom a trip is to be offered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"seek_next": True}]})

    driver_id: UUID | None = Field(default=None, description="Without it, the best suited one who is free.")
    vehicle_id: UUID | None = Field(default=None, description="Without it, the driver's usual one, or the best suited.")
    seek_next: bool = Field(
        default=True, strict=True, description="Whether the next candidate is asked where this one declines or does not answer."
    )


class AnswerIn(BaseModel):
    """A driver's yes."""

    model_config = ConfigDict(extra="forbid")

    by_operator: bool = Field(default=False, strict=True, description="Whether somebody else has entered it for the driver.")


class RefusalIn(AnswerIn):
    """A driver's no."""

    reason: Reason | None = Field(default=None, description="What the driver says.")


class TakeBackIn(BaseModel):
    """Why a trip is taken back from its driver."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(examples=["the vehicle has broken down"])
    by_driver: bool = Field(default=False, strict=True, description="Whether the driver gives it back after having accepted.")


class AssignmentOut(BaseModel):
    """A trip that was offered to a driver with a vehicle."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    driver_id: UUID
    vehicle_id: UUID
    status: AssignmentStatus
    seeks_next: bool
    offered_at: datetime
    offered_by: str
    answer_by: datetime = Field(description="When the offer ends by itself.")
    answered_at: datetime | None
    ended_at: datetime | None = Field(description="Since when driver and vehicle are free again.")
    reason: str | None


class DriverFound(BaseModel):
    """A driver beside a trip."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    licence_classes: list[str]
    usual_vehicle_id: UUID | None
    trips_that_day: int = Field(description="Those that bind them within 12 hours before and after.")
    hindrances: list[Hindrance] = Field(description="Why they cannot do it; empty for who can.")


class VehicleFound(BaseModel):
    """A vehicle beside a trip."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    plate: str
    label: str | None
    licence_class: str | None
    spare: int = Field(description="Places that it has beyond those asked for.")
    hindrances: list[Hindrance] = Field(description="Why it cannot do it; empty for one that can.")


class CandidateOut(BaseModel):
    """A driver and a vehicle that can do a trip together."""

    driver_id: UUID
    vehicle_id: UUID


class Availability(BaseModel):
    """Who can do a trip, the best suited first, and what stands in the others' way."""

    candidates: list[CandidateOut]
    drivers: list[DriverFound]
    vehicles: list[VehicleFound]


class DispatchSettingsIn(BaseModel):
    """How an organization dispatches."""

    model_config = ConfigDict(extra="forbid")

    buffer_before_s: int = Field(default=900, strict=True, ge=0, le=14_400, description="For the way to the pickup.")
    buffer_after_s: int = Field(default=0, strict=True, ge=0, le=14_400, description="After the drop-off.")
    offer_s: int = Field(default=300, strict=True, ge=30, le=86_400, description="How long a driver has to answer.")
    dispatcher: Reference | None = Field(default=None, description="Who is told of trips that need somebody's attention.")


class DispatchSettingsOut(DispatchSettingsIn):
    """The settings that count now."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    version: int = Field(description="The entity tag's number; 0 where nobody has written any.")
    updated_at: datetime | None
    updated_by: str | None
