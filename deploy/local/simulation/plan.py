"""What a simulation is to do."""

from dataclasses import dataclass
from typing import Final

from deploy.local.failures import StackError

Waypoint = tuple[float, float]
"""Latitude and longitude in degrees."""

MUMBAI: Final[tuple[Waypoint, ...]] = (
    (19.0544, 72.8277),
    (19.0434, 72.8407),
    (19.0270, 72.8420),
    (19.0176, 72.8562),
    (18.9950, 72.8400),
    (18.9690, 72.8205),
    (18.9398, 72.8354),
)
"""From Bandra over Dadar to the old town."""


@dataclass(frozen=True, slots=True)
class Plan:
    """vehicles: each drives one trip, for so many seconds. interval_s: between two points of a device. speed_mps: of vehicles.

    loss: of deliveries, half of which never arrive and half of which only miss their answer; the device sends again until it has
    one. duplication: of answered deliveries, which are sent once more. reordering: of points, which are held back and come late.
    These three are shares from 0 to 1. skew_s: by how much devices' clocks go wrong at most, either way. batch: points of one
    request at most. seed: the same one decides the same.
    """

    vehicles: int = 5
    seconds: float = 60.0
    interval_s: float = 1.0
    speed_mps: float = 15.0
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    skew_s: float = 0.0
    batch: int = 1
    seed: int = 1
    waypoints: tuple[Waypoint, ...] = MUMBAI


def read_waypoints(text: str) -> tuple[Waypoint, ...]:
    """The waypoints of `19.05,72.82;19.01,72.85`. Raises StackError."""
    try:
        found = tuple((float(latitude), float(longitude)) for latitude, longitude in (one.split(",") for one in text.split(";")))
    except ValueError:
        found = ()
    if len(found) < 2 or not all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in found):
        raise StackError(
            f"{text!r} is no way.",
            "write two or more places as latitude,longitude with semicolons between: 19.05,72.82;19.01,72.85",
        )
    if len(set(found)) < len(found):
        raise StackError("A way must not come to the same place twice.", "leave repeated places out")
    return found
