"""Shapes of the tracks API."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class TrackDistance(BaseModel):
    """How far a trip went by its positions, from when the driver set out."""

    trip_id: UUID
    distance_m: int | None = Field(description="Null without two positions.")
    is_whole: bool = Field(
        description="Whether the vehicle was never silent for more than two minutes, or for ten where it stood."
    )
    evidence: dict[str, Any] | None = Field(description="Points, their span, the longest silence, a hash and a polyline.")
