"""Shapes of the positions API."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.trips.positions.point_models import Reason, Source


class Taken(BaseModel):
    """What became of one position."""

    outcome: Literal["accepted", "duplicate"] = Field(description="`duplicate`: that vehicle and time were known already.")


class Rejected(BaseModel):
    """A position that was dropped. index: its place in the request, from 0."""

    index: int
    reason: Reason
    detail: str


class BatchTaken(BaseModel):
    """What became of the positions of one request."""

    accepted: int = Field(description="Written.")
    duplicates: int = Field(description="Of a vehicle and time that were known already.")
    rejected: int = Field(description="Dropped; counted by reason, see `/v1/positions/drops`.")
    rejections: list[Rejected] = Field(description="The first 1000 of them.")


class LatestPositionOut(BaseModel):
    """Where a vehicle was last."""

    model_config = ConfigDict(from_attributes=True)

    vehicle_id: UUID
    trip_id: UUID | None = Field(description="That was under way then.")
    recorded_at: datetime
    received_at: datetime
    latitude: float
    longitude: float
    speed_mps: float | None
    heading_deg: float | None
    accuracy_m: float | None
    battery_ratio: float | None
    source: Source


class PositionOut(BaseModel):
    """Where a vehicle was."""

    model_config = ConfigDict(from_attributes=True)

    recorded_at: datetime
    received_at: datetime
    trip_id: UUID | None
    latitude: float
    longitude: float
    speed_mps: float | None
    heading_deg: float | None
    altitude_m: float | None
    accuracy_m: float | None
    battery_ratio: float | None
    source: Source
    attributes: dict[str, Any] | None


class PositionDropOut(BaseModel):
    """Positions of a vehicle that were dropped on a day for one reason."""

    model_config = ConfigDict(from_attributes=True)

    vehicle_id: UUID
    day: date
    reason: Reason
    points: int
    first_at: datetime
    last_at: datetime
    detail: str
    sample: dict[str, Any] = Field(description="The newest of them, as it came.")


class PositionDayDroppedOut(BaseModel):
    """A day whose positions are gone because their time was over."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    dropped_at: datetime
    cut_off: datetime = Field(description="Nothing from then on was dropped.")
    points: int
    bytes: int
    drop_ms: float = Field(description="For how long writers may have waited.")
