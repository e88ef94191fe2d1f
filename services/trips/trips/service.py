"""Trips as they are read, and the steps that people take them through."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.trips.dispatch.dispatch_terms import buffers
from services.trips.dispatch.repository import AssignmentRepository
from services.trips.trips.errors import StatusForbids, StillUnderWay, TripNotFound
from services.trips.trips.life_cycle import effects, following, plan, require, require_reason
from services.trips.trips.models import ENDED, TAKEN_UP, Step, Trip, TripStatus
from services.trips.trips.repository import TripReader
from services.trips.trips.schemas import ScheduleIn
from services.trips.trips.trip_messages import STANDINGS, TripMessages
from services.trips.trips.writing_repository import TripRepository
from shared.contracts.trips import ProcessTripCompletion, TripEndedEarly
from shared.runtime.db import constraint_of
from shared.runtime.outbox import Publisher

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""
_ONE_UNDER_WAY: Final = ("trips_one_under_way_of_driver", "trips_one_under_way_of_vehicle")


async def trip_of(trips: TripReader, trip_id: UUID, organization_id: UUID | None) -> Trip:
    """A trip. Raises TripNotFound, also for another organization's."""
    return _found(await trips.find(trip_id, organization_id))


async def held_trip(trips: TripReader, trip_id: UUID, organization_id: UUID | None, check: Check) -> Trip:
    """A trip that nobody else changes until the unit of work ends. Raises TripNotFound and what `check` raises."""
    trip = _found(await trips.find(trip_id, organization_id, lock=True))
    check(trip.version)
    return trip


class TripSteps:
    """Takes trips on their way, in one unit of work. Every change raises the version and stands in the history."""

    def __init__(
        self, trips: TripRepository, assignments: AssignmentRepository, messages: TripMessages, publisher: Publisher
    ) -> None:
        self._trips = trips
        self._assignments = assignments
        self._messages = messages
        self._publisher = publisher

    async def schedule(self, trip_id: UUID, organization_id: UUID | None, times: ScheduleIn, step: Step, check: Check) -> Trip:
        """Plan when it is driven: for the first time, at other times, or because the passenger has called.

        Raises TripNotFound, StatusForbids, also where somebody is to drive it, TimesImpossible and what `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, "scheduled", step.role)
        if trip.assignment_id is not None:
            # Driver and vehicle are bound for the times that it has, and were found free for no others.
            raise StatusForbids(
                f"the trip is {trip.status}, and its driver was chosen for the times that it has; take it back from them first",
                trip_status=trip.status,
            )
        before, after = buffers(await self._assignments.settings(trip.organization_id))
        values = effects("scheduled", step.at) | plan(times.pickup_at, times.dropoff_at, before, after)
        return await self._trips.change(trip, values, step)

    async def move(self, trip_id: UUID, organization_id: UUID | None, to_status: TripStatus, step: Step, check: Check) -> Trip:
        """Take the next step. An end frees driver and vehicle; what follows from a completed trip is worked off apart.

        Raises TripNotFound, StatusForbids, ReasonMissing, StillUnderWay and what `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, to_status, step.role)
        require_reason(to_status, step)
        step = following(trip, step)
        values = effects(to_status, step.at) if to_status != trip.status else {}
        change = self._set_out if to_status in TAKEN_UP and trip.status not in TAKEN_UP else self._trips.change
        moved = await change(trip, values, step)
        if to_status == "completed":
            self._publisher.publish(ProcessTripCompletion(trip_id=moved.id))
        elif to_status in ENDED:
            await self._end(moved, step)
            if values:
                self._publisher.publish(_ended_early(moved, step))
        return moved

    async def _set_out(self, trip: Trip, values: Mapping[str, Any], step: Step) -> Trip:
        """Where another trip takes longer than it was planned, nobody can be out for both. The indexes decide who was first."""
        if other := await self._trips.taken_up_by(trip.driver_id, trip.vehicle_id):
            raise StillUnderWay(
                f"driver or vehicle is still under way on trip {other}; bring that one to its end, or have somebody else drive",
                trip_number=other,
            )
        try:
            return await self._trips.change(trip, values, step)
        except IntegrityError as error:
            if constraint_of(error) in _ONE_UNDER_WAY:
                raise StillUnderWay("driver or vehicle has just set out for another trip; have somebody else drive") from None
            raise

    async def _end(self, trip: Trip, step: Step) -> None:
        if trip.assignment_id is not None and trip.driver_id is not None:
            await self._assignments.end(trip.assignment_id, "released", step.at, step.reason)
            if step.role != "driver":
                self._messages.taken_back(trip, trip.assignment_id, trip.driver_id, f"the trip is {STANDINGS[trip.status]}")
        for person in sorted({one for one in (trip.passenger, trip.requester) if one is not None}):
            self._messages.stands(trip, person, note=step.reason)


def _ended_early(trip: Trip, step: Step) -> TripEndedEarly:
    return TripEndedEarly.model_validate(
        {
            "trip_id": trip.id,
            "organization_id": trip.organization_id,
            "passenger": trip.passenger,
            "status": trip.status,
            "ended_at": step.at,
        }
    )


def _found(trip: Trip | None) -> Trip:
    if trip is None:
        raise TripNotFound("there is no trip with this id; GET /v1/trips lists those that there are")
    return trip
