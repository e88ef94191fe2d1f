"""Assignments: a trip is offered to a driver with a vehicle, who accepts, declines, or lets the time pass."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.trips.dispatch.candidates import Candidates
from services.trips.dispatch.dispatch_terms import time_to_answer
from services.trips.dispatch.errors import AlreadyBound, NobodyAvailable, NoOffer, OfferOver
from services.trips.dispatch.models import Assignment, AssignmentStatus, Candidate, needs_of
from services.trips.dispatch.repository import AssignmentRepository
from services.trips.dispatch.schemas import OfferIn
from services.trips.trips.life_cycle import effects, require
from services.trips.trips.models import Step, Trip
from services.trips.trips.service import Check, held_trip
from services.trips.trips.trip_messages import TripMessages, subject_of_offer
from services.trips.trips.writing_repository import TripRepository
from shared.contracts.notifications import CancelMessages
from shared.contracts.trips import ExpireOffer
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

SYSTEM: Final = "system:trips"
_NOT_ANSWERED: Final = "it was not answered in time"


class Dispatch:
    """Works in one unit of work. Whoever changes an assignment holds its trip."""

    def __init__(
        self,
        trips: TripRepository,
        assignments: AssignmentRepository,
        candidates: Candidates,
        messages: TripMessages,
        publisher: Publisher,
    ) -> None:
        self._trips = trips
        self._assignments = assignments
        self._candidates = candidates
        self._messages = messages
        self._publisher = publisher

    async def offer(self, trip_id: UUID, organization_id: UUID | None, to: OfferIn, step: Step, check: Check) -> Trip:
        """Offer it to those who are named, or to the best suited.

        Raises TripNotFound, StatusForbids, DriverNotFound, VehicleNotFound, NotAvailable, NobodyAvailable, AlreadyBound and what
        `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, "assigned", step.role)
        return await self._offer(trip, to, step)

    async def accept(self, trip_id: UUID, organization_id: UUID | None, step: Step, check: Check) -> Trip:
        """The driver will do it. Raises TripNotFound, StatusForbids, NoOffer, OfferOver and what `check` raises."""
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, "accepted", step.role)
        offer = await self._standing(trip)
        if step.at >= offer.answer_by and step.role == "driver":
            raise OfferOver("the time to answer is over, and the next driver is asked; ask the dispatcher")
        await self._assignments.accept(offer.id, step.at)
        self._publisher.publish(CancelMessages(subject_key=subject_of_offer(offer.id), reason="it was accepted"))
        return await self._trips.change(trip, effects("accepted", step.at), step)

    async def decline(self, trip_id: UUID, organization_id: UUID | None, step: Step, check: Check) -> Trip:
        """The driver will not do it; the next candidate is asked where the offer says so.

        Raises TripNotFound, StatusForbids, NoOffer and what `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        # Only an offer that stands can be declined; what was accepted is given back.
        await require(self._trips, trip.status, "accepted", step.role)
        offer = await self._standing(trip)
        self._publisher.publish(CancelMessages(subject_key=subject_of_offer(offer.id), reason="it was declined"))
        return await self._pass_on(trip, offer, "declined", step)

    async def take_back(self, trip_id: UUID, organization_id: UUID | None, step: Step, check: Check) -> Trip:
        """Somebody else is to drive it: the operator takes it back, or the driver gives it back and the next one is asked.

        Raises TripNotFound, StatusForbids, NoOffer and what `check` raises.
        """
        trip = await held_trip(self._trips, trip_id, organization_id, check)
        await require(self._trips, trip.status, "scheduled", step.role)
        offer = await self._standing(trip)
        if step.role == "driver":
            return await self._pass_on(trip, offer, "declined", step)
        self._messages.taken_back(trip, offer.id, offer.driver_id, step.reason or "somebody else drives it")
        return await self._free(trip, offer, "withdrawn", step)

    async def offered_at(self, trip: Trip) -> datetime | None:
        """When the trip was offered to the driver who has it; None while none has."""
        offer = await self._assignments.find(trip.assignment_id) if trip.assignment_id else None
        return offer.offered_at if offer is not None else None

    async def expire(self, assignment_id: UUID, at: datetime) -> None:
        """End an offer whose time is over, and ask the next candidate. One that was answered, or has time left, stays."""
        offer = await self._assignments.find(assignment_id)
        if offer is None:
            return
        # Whoever answers holds the trip, so what is read before it is held may be over already.
        trip = await held_trip(self._trips, offer.trip_id, offer.organization_id, lambda _: None)
        offer = await self._assignments.find(assignment_id)
        if offer is None or offer.status != "offered" or at < offer.answer_by:
            return
        self._messages.taken_back(trip, offer.id, offer.driver_id, _NOT_ANSWERED)
        await self._pass_on(trip, offer, "expired", Step(SYSTEM, "system", at, _NOT_ANSWERED))

    async def _pass_on(self, trip: Trip, offer: Assignment, status: AssignmentStatus, step: Step) -> Trip:
        freed = await self._free(trip, offer, status, step)
        if not offer.seeks_next:
            return freed
        try:
            return await self._offer(freed, OfferIn(), Step(SYSTEM, "system", step.at))
        except (NobodyAvailable, AlreadyBound):
            # It waits for the dispatcher, who is told by the watch.
            return freed

    async def _free(self, trip: Trip, offer: Assignment, status: AssignmentStatus, step: Step) -> Trip:
        await self._assignments.end(offer.id, status, step.at, step.reason)
        return await self._trips.change(trip, effects("scheduled", step.at), step)

    async def _offer(self, trip: Trip, to: OfferIn, step: Step) -> Trip:
        for candidate in await self._candidates.of(needs_of(trip), step.at, trip.id, to.driver_id, to.vehicle_id):
            if offered := await self._offer_to(trip, candidate, step, seeks_next=to.seek_next):
                return offered
        raise AlreadyBound("whoever was free has just been given another trip; ask again")

    async def _offer_to(self, trip: Trip, to: Candidate, step: Step, *, seeks_next: bool) -> Trip | None:
        """None where somebody else was faster: the constraint decides, and not what was read before."""
        if not await self._assignments.hold_pair(to.driver.id, to.vehicle.id):
            return None
        answer_by = step.at + time_to_answer(await self._assignments.settings(trip.organization_id))
        bound = {"driver_id": to.driver.id, "vehicle_id": to.vehicle.id}
        row = {"id": uuid7(), "organization_id": trip.organization_id, "trip_id": trip.id, "during": trip.planned, **bound}
        stamp = {"seeks_next": seeks_next, "offered_at": step.at, "offered_by": step.by, "answer_by": answer_by}
        offer = await self._assignments.offer(row | stamp)
        if offer is None:
            return None
        self._messages.offered(trip, offer.id, offer.driver_id, answer_by)
        self._publisher.publish(ExpireOffer(assignment_id=offer.id, slot=answer_by), due_at=answer_by)
        return await self._trips.change(trip, effects("assigned", step.at) | bound | {"assignment_id": offer.id}, step)

    async def _standing(self, trip: Trip) -> Assignment:
        found = await self._assignments.find(trip.assignment_id) if trip.assignment_id else None
        if found is None or found.ended_at is not None:
            raise NoOffer("nobody is to drive this trip; offer it to somebody")
        return found
