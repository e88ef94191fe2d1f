"""What a step does to a trip beside its status. Which steps are legal is data: `trip_transitions_allowed`."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.dialects.postgresql import Range

from services.trips.trips.errors import ReasonMissing, StatusForbids, TimesImpossible
from services.trips.trips.models import ENDED, UNASSIGNED, ActorRole, Step, Trip, TripStatus
from services.trips.trips.repository import TripReader

MAX_TRIP: Final = timedelta(hours=24)
REASONED: Final = frozenset[TripStatus]({"cancelled", "aborted"})

_STAMPS: Final[dict[TripStatus, str]] = {
    "en_route_pickup": "started_at",
    "at_pickup": "pickup_arrived_at",
    "onboard": "onboard_at",
    "at_dropoff": "dropoff_arrived_at",
}


def effects(to_status: TripStatus, at: datetime) -> dict[str, Any]:
    """The columns that change when a trip comes to another status."""
    values: dict[str, Any] = {"status": to_status, "status_at": at}
    if to_status in UNASSIGNED:
        # It begins anew with whoever drives next.
        return values | dict.fromkeys(("driver_id", "vehicle_id", "assignment_id", *_STAMPS.values()))
    if to_status in _STAMPS:
        values[_STAMPS[to_status]] = at
    if to_status in ENDED:
        values["ended_at"] = at
    return values


def following(trip: Trip, step: Step) -> Step:
    """The step, at a time that is not before the one that it follows.

    A letter that is replayed keeps its time, and no two machines have the same clock.
    """
    return step if step.at >= trip.status_at else replace(step, at=trip.status_at)


async def require(trips: TripReader, from_status: str, to_status: TripStatus, role: ActorRole) -> None:
    """Raises StatusForbids for a step that is not in the table. The table refuses it, too, and says less."""
    allowed = await trips.allowed(from_status, role)
    if to_status in allowed:
        return
    possible = [status for status in allowed if status != from_status]
    where = f"it can become {', '.join(possible)}" if possible else "nothing changes it any more"
    raise StatusForbids(
        f"the trip is {from_status} and cannot become {to_status} by a {role}; by a {role} {where}",
        trip_status=from_status,
        possible=possible,
    )


def require_reason(to_status: TripStatus, step: Step) -> None:
    """Raises ReasonMissing."""
    if to_status in REASONED and step.reason is None:
        raise ReasonMissing(f"give a reason: a trip does not become {to_status} without one")


def plan(pickup_at: datetime, dropoff_at: datetime, before: timedelta, after: timedelta) -> dict[str, Any]:
    """The columns of a trip that is driven at these times, with so much around it. Raises TimesImpossible."""
    if dropoff_at <= pickup_at:
        raise TimesImpossible("dropoff_at must be after pickup_at")
    if dropoff_at - pickup_at > MAX_TRIP:
        raise TimesImpossible("the trip would take more than 24 hours; check the dates, or make several trips of it")
    return {"pickup_at": pickup_at, "dropoff_at": dropoff_at, "planned": Range(pickup_at - before, dropoff_at + after)}
