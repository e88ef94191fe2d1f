"""Shapes of the geofences API."""

import math
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.trips.geofences.models import EventKind
from services.trips.geofences.shapes import DEGREE_M
from services.trips.texts import ShortText

Latitude = Annotated[float, Field(strict=True, ge=-85, le=85, allow_inf_nan=False, description="Degrees, WGS 84.")]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, description="Degrees, WGS 84.")]
WIDEST_M: Final = 100_000
_SMALLEST_M: Final = 1.0
_CIRCLE: Final[JsonDict] = {
    "name": "City Hospital",
    "shape": {"type": "circle", "latitude": 19.0176, "longitude": 72.8562, "radius_m": 150},
    "dwell_s": 900,
}


class CornerIn(BaseModel):
    """A corner of a polygon."""

    model_config = ConfigDict(extra="forbid")

    latitude: Latitude
    longitude: Longitude


class CircleIn(BaseModel):
    """All within a radius."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["circle"]
    latitude: Latitude
    longitude: Longitude
    radius_m: float = Field(strict=True, ge=20, le=WIDEST_M / 2, allow_inf_nan=False)

    def box(self) -> dict[str, float]:
        """The smallest part of the map that holds it."""
        high = self.radius_m / DEGREE_M
        wide = high / math.cos(math.radians(self.latitude))
        return {
            "south": self.latitude - high,
            "north": self.latitude + high,
            "west": self.longitude - wide,
            "east": self.longitude + wide,
        }


class PolygonIn(BaseModel):
    """What a ring of corners encloses."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["polygon"]
    corners: list[CornerIn] = Field(min_length=3, max_length=500, description="In order; the last one leads to the first.")

    def box(self) -> dict[str, float]:
        """The smallest part of the map that holds it."""
        latitudes = [corner.latitude for corner in self.corners]
        longitudes = [corner.longitude for corner in self.corners]
        return {"south": min(latitudes), "north": max(latitudes), "west": min(longitudes), "east": max(longitudes)}


class GeofenceIn(BaseModel):
    """An area to watch."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CIRCLE]})

    name: ShortText
    shape: Annotated[CircleIn | PolygonIn, Field(discriminator="type")]
    dwell_s: int | None = Field(
        default=None, strict=True, ge=60, le=86_400, description="After how long within there is a `dwell`; never without it."
    )

    @model_validator(mode="after")
    def is_an_area(self) -> Self:
        """A line is none, and what is as wide as a country cannot be looked at as if the earth were flat."""
        box = self.shape.box()
        if box["west"] < -180 or box["east"] > 180:
            raise ValueError("a shape must not cross the 180th meridian; make two of it")
        high = (box["north"] - box["south"]) * DEGREE_M
        wide = (box["east"] - box["west"]) * DEGREE_M * math.cos(math.radians(box["south"]))
        if min(high, wide) < _SMALLEST_M:
            raise ValueError("the corners lie on a line; name at least three that enclose an area")
        if max(high, wide) > WIDEST_M * 1.01:
            raise ValueError(f"a shape is at most {WIDEST_M // 1000} km wide and high; make several of it, or mend its corners")
        return self

    def columns(self) -> dict[str, Any]:
        """What is written of it."""
        return {"name": self.name, "shape": self.shape.model_dump(), "dwell_s": self.dwell_s, **self.shape.box()}


class GeofenceOut(GeofenceIn):
    """An area that is watched."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime
    updated_by: str


class GeofenceEventOut(BaseModel):
    """What a vehicle did about a fence."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    geofence_id: UUID
    vehicle_id: UUID
    organization_id: UUID
    trip_id: UUID | None = Field(description="That was under way then.")
    kind: EventKind
    at: datetime = Field(description="By the device's clock; between two fixes, on the straight line between them.")
    latitude: float
    longitude: float
    noted_at: datetime
