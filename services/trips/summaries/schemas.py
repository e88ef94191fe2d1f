"""Shapes of the trip summary, which notifications puts into daily digests."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.trips.trips.models import TripStatus


class TripLine(BaseModel):
    """One trip of the day."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    pickup_at: datetime
    pickup: str = Field(description="A label and no address.")
    dropoff: str = Field(description="A label and no address.")
    status: TripStatus


class TripSummary(BaseModel):
    """A person's day."""

    trips: list[TripLine] = Field(description="In the order of the day, at most 1,000.")
    completed: int = Field(description="How many of them are completed.")
    distance_m: int = Field(description="Metres driven on those whose completion has fixed its facts.")
