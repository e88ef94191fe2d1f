"""Shapes of the answer to when a vehicle will be there."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

NextPlace = Literal["pickup", "dropoff"]
Unknown = Literal["not_under_way", "place_unknown", "no_position", "position_too_old"]


class FixOut(BaseModel):
    """What is known last of a vehicle."""

    recorded_at: datetime
    age_s: int = Field(description="How old it is: what the vehicle has done since is not known.")
    latitude: float
    longitude: float


class ArrivalOut(BaseModel):
    """When it is expected."""

    arrives_at: datetime
    earliest_at: datetime = Field(description="Straight on and faster than lately.")
    latest_at: datetime = Field(
        description="On a long way round, slower than lately, and not moved since the fix. No percentile."
    )
    straight_m: int
    expected_m: int = Field(description="The straight line times 1.3.")
    speed_mps: float = Field(description="Of the ten minutes before the fix, and three minutes at 7 m/s, which is usual.")
    driven_s: int = Field(description="From how much driving that is; 0 where it is assumed.")


class HintOut(BaseModel):
    """Whether it seems to be there. No more than a hint: a trip's status is what people say."""

    seems_arrived: bool
    distance_m: int
    geofence_id: UUID | None = Field(description="That holds both the place and the vehicle.")


class EtaOut(BaseModel):
    """When a trip's vehicle will be at its next place, or why nobody knows."""

    trip_id: UUID
    status: str
    next_place: NextPlace | None
    calculated_at: datetime
    fix: FixOut | None = None
    arrival: ArrivalOut | None = None
    hint: HintOut | None = None
    unknown: Unknown | None = Field(default=None, description="Why there is no arrival.")
