"""Shapes of the trips API: what is shown."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.trips.trips.models import ActorRole, Mobility, Trip, TripStatus


class PlaceOut(BaseModel):
    """Where a trip goes from or to. Degrees of WGS 84."""

    label: str
    address: str | None
    latitude: float | None
    longitude: float | None


class TripSummary(BaseModel):
    """A trip as lists show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    number: str
    trip_type: str
    status: TripStatus
    status_at: datetime
    customer: str | None
    passenger: str | None
    mobility: Mobility
    pickup_label: str
    dropoff_label: str
    pickup_at: datetime | None
    dropoff_at: datetime | None
    appointment_at: datetime | None
    driver_id: UUID | None
    vehicle_id: UUID | None
    return_of: UUID | None
    version: int = Field(description="The entity tag's number.")


class TripOut(TripSummary):
    """A trip."""

    requester: str | None
    passenger_name: str | None
    passenger_phone: str | None
    escorts: int
    equipment: list[str]
    skills: list[str]
    pickup: PlaceOut
    dropoff: PlaceOut
    bound_from: datetime | None = Field(description="From when driver and vehicle are bound: pickup_at less the buffer.")
    bound_until: datetime | None = Field(description="Until when they are bound: dropoff_at and the buffer.")
    started_at: datetime | None = Field(description="When the driver set out.")
    pickup_arrived_at: datetime | None
    onboard_at: datetime | None
    dropoff_arrived_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TripEventOut(BaseModel):
    """A change of a trip."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="The trip's version that it made.")
    from_status: str = Field(description="`none` for the request itself.")
    to_status: TripStatus
    actor: str
    actor_role: ActorRole
    reason: str | None
    details: dict[str, Any] | None = Field(description="A message, a place, the code of a reason.")
    before: dict[str, Any] = Field(description="What it changed, as it was; nothing personal.")
    after: dict[str, Any]
    at: datetime


def shown(trip: Trip) -> TripOut:
    """A trip with its places."""
    summary = TripSummary.model_validate(trip)
    own = {name: getattr(trip, name) for name in TripOut.model_fields.keys() - TripSummary.model_fields.keys() - _MADE}
    return TripOut(
        **summary.model_dump(),
        **own,
        pickup=PlaceOut(
            label=trip.pickup_label, address=trip.pickup_address, latitude=trip.pickup_lat, longitude=trip.pickup_lon
        ),
        dropoff=PlaceOut(
            label=trip.dropoff_label, address=trip.dropoff_address, latitude=trip.dropoff_lat, longitude=trip.dropoff_lon
        ),
        bound_from=trip.planned.lower if trip.planned else None,
        bound_until=trip.planned.upper if trip.planned else None,
    )


_MADE = {"pickup", "dropoff", "bound_from", "bound_until"}
