"""Assignments and how an organization dispatches, as the database holds them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.trips.trips.models import Mobility, Trip
from shared.runtime.db import Model

AssignmentStatus = Literal["offered", "accepted", "declined", "expired", "withdrawn", "released"]
Hindrance = Literal[
    "not_active",
    "licence_expired",
    "lacks_skills",
    "off_duty",
    "absent",
    "busy",
    "asked_before",
    "not_in_service",
    "too_small",
    "lacks_equipment",
]
"""Why a driver or a vehicle cannot do a trip."""
_MOMENT: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a trip asks for. seats: beside the driver's, for passenger and escorts."""

    organization_id: UUID
    during: Range[datetime]
    seats: int
    wheelchair_places: int
    stretchers: int
    bariatric: bool
    equipment: list[str]
    skills: list[str]


def places(mobility: Mobility, escorts: int) -> tuple[int, int, int, bool]:
    """Seats, wheelchair places, stretchers, and whether one of these must be bariatric, for a passenger with escorts."""
    if mobility == "ambulatory":
        return 1 + escorts, 0, 0, False
    if mobility == "wheelchair":
        return escorts, 1, 0, False
    return escorts, 0, 1, mobility == "bariatric"


def needs_of(trip: Trip) -> Needs:
    """What a trip that is planned asks for."""
    assert trip.planned is not None, "the table refuses a scheduled trip without its times"
    places_needed = places(trip.mobility, trip.escorts)
    return Needs(trip.organization_id, trip.planned, *places_needed, trip.equipment, trip.skills)


@dataclass(frozen=True, slots=True)
class FoundDriver:
    """A driver beside a trip. hindrances: none for one who can do it."""

    id: UUID
    name: str
    licence_classes: list[str]
    usual_vehicle_id: UUID | None
    trips_that_day: int
    hindrances: list[Hindrance]


@dataclass(frozen=True, slots=True)
class FoundVehicle:
    """A vehicle beside a trip. spare: places that it has beyond those asked for."""

    id: UUID
    plate: str
    label: str | None
    licence_class: str | None
    spare: int
    hindrances: list[Hindrance]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A driver and a vehicle that can do a trip together."""

    driver: FoundDriver
    vehicle: FoundVehicle


class Assignment(Model):
    """A trip that was offered to a driver with a vehicle."""

    __tablename__ = "assignments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    trip_id: Mapped[UUID] = mapped_column(ForeignKey("trips.id"))
    driver_id: Mapped[UUID]
    vehicle_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    status: Mapped[AssignmentStatus] = mapped_column(Text)
    seeks_next: Mapped[bool]
    offered_at: Mapped[datetime] = mapped_column(_MOMENT)
    offered_by: Mapped[str]
    answer_by: Mapped[datetime] = mapped_column(_MOMENT)
    answered_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    reason: Mapped[str | None]


class DispatchSettings(Model):
    """How an organization dispatches. Durations in seconds."""

    __tablename__ = "dispatch_settings"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    buffer_before_s: Mapped[int]
    buffer_after_s: Mapped[int]
    offer_s: Mapped[int]
    dispatcher: Mapped[str | None]
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_by: Mapped[str]
