"""Flags and limits as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

SILENT_AFTER_S: Final = 600
STOP_AFTER_S: Final = 1800
"""What Fleetbase's alert for a prolonged stop waits."""
STOP_RADIUS_M: Final = 100
LONGEST_GAP_S: Final = 3600
"""Two fixes with more time between them say nothing of what was between: Traccar's `report.trip.stopGap`."""
_MOMENT: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a trip is flagged.

    kind: a row of `trip_flag_kinds`. holding: SQL that finds the trips for which it is so at `:at`, as (trip_id, organization_id,
    detail jsonb). says: how the trip stands then, as people read it.
    """

    kind: str
    holding: str
    says: str


@dataclass(frozen=True, slots=True)
class RaisedFlag:
    """A flag that a run has opened or escalated."""

    id: UUID
    trip_id: UUID
    organization_id: UUID
    kind: str
    detail: dict[str, Any]
    escalated: bool


class Flag(Model):
    """Something about a trip that needs somebody. It is cleared when it is so no more; then it may be opened anew."""

    __tablename__ = "trip_flags"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    trip_id: Mapped[UUID] = mapped_column(ForeignKey("trips.id"))
    organization_id: Mapped[UUID]
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    opened_at: Mapped[datetime] = mapped_column(_MOMENT)
    escalated_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    cleared_at: Mapped[datetime | None] = mapped_column(_MOMENT)


class TripLimit(Model):
    """How long trips may take: those of a customer, of a type, of both, or all of an organization."""

    __tablename__ = "trip_limits"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer: Mapped[str | None]
    trip_type: Mapped[str | None]
    max_duration_s: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_by: Mapped[str]


class TripWatchSettings(Model):
    """When vehicles under way need somebody. Durations in seconds."""

    __tablename__ = "trip_watch_settings"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    silent_after_s: Mapped[int]
    stop_after_s: Mapped[int]
    stop_radius_m: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_by: Mapped[str]
