"""Positions as the database holds them; see the migration for what each column says."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

_MOMENT = DateTime(timezone=True)


class Position(Model):
    """Where a vehicle was. A partition of each day."""

    __tablename__ = "positions"

    vehicle_id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(_MOMENT, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(_MOMENT)
    organization_id: Mapped[UUID]
    device_id: Mapped[UUID | None]
    trip_id: Mapped[UUID | None]
    latitude: Mapped[float]
    longitude: Mapped[float]
    speed_mps: Mapped[float | None]
    heading_deg: Mapped[float | None]
    altitude_m: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    battery_ratio: Mapped[float | None]
    source: Mapped[str]
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Place(NamedTuple):
    """Of a position what files and measures of a track need."""

    recorded_at: datetime
    latitude: float
    longitude: float
    speed_mps: float | None
    heading_deg: float | None
    altitude_m: float | None


class LatestPosition(Model):
    """Where a vehicle was last."""

    __tablename__ = "latest_positions"

    vehicle_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    trip_id: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(_MOMENT)
    received_at: Mapped[datetime] = mapped_column(_MOMENT)
    latitude: Mapped[float]
    longitude: Mapped[float]
    speed_mps: Mapped[float | None]
    heading_deg: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    battery_ratio: Mapped[float | None]
    source: Mapped[str]


class PositionDrop(Model):
    """How many points of a vehicle were dropped on a day for one reason, and the newest of them."""

    __tablename__ = "position_drops"

    vehicle_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    points: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(_MOMENT)
    last_at: Mapped[datetime] = mapped_column(_MOMENT)
    detail: Mapped[str]
    sample: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PositionDayDropped(Model):
    """A day whose points are gone."""

    __tablename__ = "position_days_dropped"

    day: Mapped[date] = mapped_column(primary_key=True)
    dropped_at: Mapped[datetime] = mapped_column(_MOMENT, primary_key=True)
    cut_off: Mapped[datetime] = mapped_column(_MOMENT)
    points: Mapped[int]
    bytes: Mapped[int]
    drop_ms: Mapped[float]
