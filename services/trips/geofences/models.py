"""Geofences and their events as the database holds them; see the migration for what each column says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

EventKind = Literal["enter", "exit", "dwell"]
_MOMENT: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Piece:
    """A straight piece of a vehicle's way, between two fixes, near a fence. shape: the fence's, as it is kept."""

    geofence_id: UUID
    shape: dict[str, Any]
    vehicle_id: UUID
    organization_id: UUID
    trip_id: UUID | None
    from_at: datetime
    from_latitude: float
    from_longitude: float
    to_at: datetime
    to_latitude: float
    to_longitude: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """An organization whose vehicles are to be looked at."""

    organization_id: UUID
    vehicle_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Progress:
    """A vehicle whose way is to be looked at from one fix to another. newest: the last of all its fixes."""

    vehicle_id: UUID
    organization_id: UUID
    since: datetime
    upto: datetime
    newest: datetime


class Geofence(Model):
    """An area that an organization wants to know about."""

    __tablename__ = "geofences"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    name: Mapped[str]
    shape: Mapped[dict[str, Any]] = mapped_column(JSONB)
    south: Mapped[float]
    west: Mapped[float]
    north: Mapped[float]
    east: Mapped[float]
    dwell_s: Mapped[int | None]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_by: Mapped[str]
    deleted_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    shaped_at: Mapped[datetime | None] = mapped_column(_MOMENT)


class GeofenceEvent(Model):
    """A vehicle entered a fence, left it, or has been within for as long as it says."""

    __tablename__ = "geofence_events"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    geofence_id: Mapped[UUID]
    vehicle_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    trip_id: Mapped[UUID | None]
    kind: Mapped[EventKind] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(_MOMENT)
    seen: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    latitude: Mapped[float]
    longitude: Mapped[float]
    noted_at: Mapped[datetime] = mapped_column(_MOMENT)
