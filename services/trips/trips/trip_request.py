"""Requesting trips and their ways back, and changing what was asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.trips.trips.errors import HasReturn, NotEditable, NotEnded
from services.trips.trips.life_cycle import require
from services.trips.trips.models import ENDED, UNASSIGNED, Step, Trip, TripStatus
from services.trips.trips.numbers import new_number
from services.trips.trips.schemas import ReturnIn, TripChange, TripIn
from services.trips.trips.service import Check, held_trip, trip_of
from services.trips.trips.writing_repository import TripRepository
from shared.contracts.trips import TripBooked
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

_LATE: Final = frozenset(
    {
        "passenger_name",
        "passenger_phone",
        "appointment_at",
        "dropoff_label",
        "dropoff_address",
        "dropoff_lat",
        "dropoff_lon",
    }
)
"""What may still change when somebody is to drive: nothing that they were chosen by."""
_SAME_BACK: Final = (
    "organization_id",
    "trip_type",
    "customer",
    "passenger",
    "requester",
    "passenger_name",
    "passenger_phone",
    "mobility",
    "escorts",
    "equipment",
    "skills",
)
_TRIES: Final = 5


class TripRequests:
    """Writes in one unit of work. by: who asks."""

    def __init__(self, trips: TripRepository, publisher: Publisher, clock: Clock, *, by: str) -> None:
        self._trips = trips
        self._publisher = publisher
        self._clock = clock
        self._by = by

    async def request(self, organization_id: UUID, new: TripIn) -> Trip:
        """A trip that is to be scheduled, or that the passenger will call for."""
        status: TripStatus = "will_call" if new.will_call else "requested"
        created = await self._insert(new.columns() | {"organization_id": organization_id, "status": status})
        assert created is not None, "no trip of this request stood in its way"
        return created

    async def request_return(self, trip_id: UUID, organization_id: UUID | None, wanted: ReturnIn) -> Trip:
        """The way back of a trip, for which the passenger calls unless a time is named. Raises TripNotFound and HasReturn."""
        there = await trip_of(self._trips, trip_id, organization_id)
        values = {name: getattr(there, name) for name in _SAME_BACK}
        for part in ("label", "address", "lat", "lon"):
            values[f"pickup_{part}"] = getattr(there, f"dropoff_{part}")
            values[f"dropoff_{part}"] = getattr(there, f"pickup_{part}")
        status: TripStatus = "requested" if wanted.pickup_at else "will_call"
        back = {"return_of": there.id, "pickup_at": wanted.pickup_at, "status": status}
        created = await self._insert(values | back)
        if created is None:
            raise HasReturn("the trip has a return leg; change that one, or cancel it first")
        return created

    async def change(self, trip_id: UUID, organization_id: UUID | None, change: TripChange, check: Check) -> Trip:
        """What changes nothing makes no version. Raises TripNotFound, StatusForbids, NotEditable and what `check` raises."""
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        values = {name: value for name, value in change.columns().items() if value != getattr(trip, name)}
        if not values:
            return trip
        _require_editable(trip, values)
        await require(self._trips, trip.status, trip.status, "operator")
        return await self._trips.change(trip, values, Step(self._by, "operator", self._clock()))

    async def forget_passenger(self, trip_id: UUID, organization_id: UUID | None, check: Check) -> None:
        """Forget who travelled, from where to where, and what was said of it. Done again it finds nothing.

        Raises TripNotFound, NotEnded and what `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        if trip.status not in ENDED:
            raise NotEnded(f"the trip is {trip.status}, and who drives it must know whom and where; end it first")
        await self._trips.forget_passenger(trip_id, self._clock())

    async def _insert(self, values: Mapping[str, Any]) -> Trip | None:
        """None where something else than the number stands in its way."""
        step = Step(self._by, "operator", self._clock())
        for _ in range(_TRIES):
            row = {**values, "id": uuid7(), "number": new_number(step.at.date())}
            if created := await self._trips.insert(row, step):
                self._publisher.publish(_booked(created, step.at))
                return created
        return None


def _booked(trip: Trip, at: datetime) -> TripBooked:
    return TripBooked(
        trip_id=trip.id,
        organization_id=trip.organization_id,
        passenger=trip.passenger,
        mobility=trip.mobility,
        return_of=trip.return_of,
        booked_at=at,
    )


def _require_editable(trip: Trip, values: Mapping[str, Any]) -> None:
    fixed = sorted(values.keys() - _LATE)
    if trip.status in ENDED or (trip.status not in UNASSIGNED and fixed):
        still = [] if trip.status in ENDED else sorted(_LATE)
        raise NotEditable(
            f"the trip is {trip.status}; "
            + (f"take it back from its driver to change {', '.join(fixed)}" if still else "nothing changes it any more"),
            trip_status=trip.status,
            editable=still,
        )
