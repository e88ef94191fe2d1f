"""Trips as the database holds them; see the migration for what each column says, and for which steps are legal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

TripStatus = Literal[
    "requested",
    "scheduled",
    "will_call",
    "assigned",
    "accepted",
    "en_route_pickup",
    "at_pickup",
    "onboard",
    "at_dropoff",
    "completed",
    "cancelled",
    "no_show",
    "aborted",
]
Mobility = Literal["ambulatory", "wheelchair", "stretcher", "bariatric"]
ActorRole = Literal["operator", "driver", "passenger", "system"]

ENDED: Final = frozenset[TripStatus]({"completed", "cancelled", "no_show", "aborted"})
"""Nothing changes a trip any more that has come here."""
UNASSIGNED: Final = frozenset[TripStatus]({"requested", "scheduled", "will_call"})
"""Nobody drives yet."""
TAKEN_UP: Final = frozenset[TripStatus]({"en_route_pickup", "at_pickup", "onboard"})
"""Driver and vehicle are out for it and for no other trip, however it was planned."""
_MOMENT: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a trip: by whom, in which role, when and why.

    details: what else is kept of it, as JSON: a message, a place, the code of a reason.
    """

    by: str
    role: ActorRole
    at: datetime
    reason: str | None = None
    details: dict[str, Any] | None = None


class Trip(Model):
    """A trip. The database writes each change under its version."""

    __tablename__ = "trips"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    number: Mapped[str]
    trip_type: Mapped[str]
    status: Mapped[TripStatus] = mapped_column(Text)
    customer: Mapped[str | None]
    passenger: Mapped[str | None]
    requester: Mapped[str | None]
    passenger_name: Mapped[str | None]
    passenger_phone: Mapped[str | None]
    mobility: Mapped[Mobility] = mapped_column(Text)
    escorts: Mapped[int]
    equipment: Mapped[list[str]] = mapped_column(ARRAY(Text))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    pickup_label: Mapped[str]
    pickup_address: Mapped[str | None]
    pickup_lat: Mapped[float | None]
    pickup_lon: Mapped[float | None]
    dropoff_label: Mapped[str]
    dropoff_address: Mapped[str | None]
    dropoff_lat: Mapped[float | None]
    dropoff_lon: Mapped[float | None]
    appointment_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    pickup_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    dropoff_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    planned: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    return_of: Mapped[UUID | None] = mapped_column(ForeignKey("trips.id"))
    driver_id: Mapped[UUID | None]
    vehicle_id: Mapped[UUID | None]
    assignment_id: Mapped[UUID | None]
    status_at: Mapped[datetime] = mapped_column(_MOMENT)
    started_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    pickup_arrived_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    onboard_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    dropoff_arrived_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    changed_by: Mapped[str]
    changed_as: Mapped[ActorRole] = mapped_column(Text)
    change_reason: Mapped[str | None]
    change_details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    passenger_forgotten_at: Mapped[datetime | None] = mapped_column(_MOMENT)


class TripEvent(Model):
    """A change of a trip, under its version."""

    __tablename__ = "trip_events"

    trip_id: Mapped[UUID] = mapped_column(ForeignKey("trips.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    from_status: Mapped[str]
    to_status: Mapped[TripStatus] = mapped_column(Text)
    actor: Mapped[str]
    actor_role: Mapped[ActorRole] = mapped_column(Text)
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(_MOMENT)
