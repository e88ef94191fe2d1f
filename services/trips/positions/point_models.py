"""A place at a moment, as whoever reports it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Source = Literal["api", "osmand", "traccar", "owntracks", "task"]
Reason = Literal["invalid", "future", "past", "null_island", "inaccurate", "teleport", "trip_unknown", "trip_ended"]
"""Why a point was dropped."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, and whose place. device_id: None where no device does."""

    vehicle_id: UUID
    organization_id: UUID
    device_id: UUID | None = None


@dataclass(slots=True)
class Point:
    """One reported place. Speeds are metres per second, headings degrees clockwise from north, the battery 0 to 1.

    trip_id: that the reporter names; else it is found by the vehicle and the time. attributes: what else a client said.
    """

    recorded_at: datetime
    latitude: float
    longitude: float
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    accuracy_m: float | None = None
    battery_ratio: float | None = None
    trip_id: UUID | None = None
    attributes: dict[str, Any] | None = None
    source: Source = "api"

    def sample(self) -> dict[str, Any]:
        """What is kept of one that is dropped, as JSON."""
        return {
            "recorded_at": self.recorded_at.isoformat(),
            "latitude": self.latitude,
            "longitude": self.longitude,
            "accuracy_m": self.accuracy_m,
            "speed_mps": self.speed_mps,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """A point that is dropped. detail: what was wrong and how to mend it. sample: what is kept of it, as JSON."""

    reason: Reason
    detail: str
    sample: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A place at a moment that a point is held against."""

    at: datetime
    latitude: float
    longitude: float


class PointUnreadable(ValueError):
    """What was sent is no point; the message says why."""
