"""Statuses that come by message: the same steps as over HTTP, for task clients."""

from typing import Final

from services.trips.dispatch.errors import OfferOver
from services.trips.dispatch.service import Dispatch
from services.trips.trips.errors import StatusForbids, StatusNotMoved, StepBefore, StillUnderWay, TripNotFound
from services.trips.trips.models import Step, Trip, TripStatus
from services.trips.trips.repository import TripReader
from services.trips.trips.service import TripSteps
from shared.contracts.trips import BroadcastTripStatus
from shared.runtime.inbox.delivery import Received

_OF_WHOEVER_DRIVES: Final = frozenset[TripStatus]({"will_call", "cancelled"})
"""What is true of a trip whoever is to drive it."""


class StatusBroadcast:
    """Works in one unit of work."""

    def __init__(self, trips: TripReader, steps: TripSteps, dispatch: Dispatch) -> None:
        self._trips = trips
        self._steps = steps
        self._dispatch = dispatch

    async def carry_out(self, received: Received[BroadcastTripStatus]) -> None:
        """Take the step, with what followers are told. A status that the trip has already only carries its message on.

        Raises TripNotFound, StatusForbids, ReasonMissing, NoOffer and OfferOver, also for what a driver has said who has the trip
        no more; StepBefore where another step is to come first; StatusNotMoved where nothing is said either.
        """
        said = received.message
        trip = await self._trips.find(said.trip_id, None, lock=True)
        if trip is None:
            raise TripNotFound("there is no trip with this id; send the id that POST /v1/trips has answered")
        if trip.status == said.status and said.message is None:
            raise StatusNotMoved(f"the trip is {trip.status} already")
        by = f"message:{received.source or 'client'}"
        details = {"message": said.message} if said.message else None
        step = Step(by, said.acting_as, received.occurred_at, said.reason or said.message, details)
        if said.status not in _OF_WHOEVER_DRIVES:
            await self._require_current(trip, step)
        try:
            await self._take(trip, said.status, step)
        except (StatusForbids, StillUnderWay) as refusal:
            # Messages come in any order: that of the step before, or of the trip before, may be on its way.
            if isinstance(refusal, StillUnderWay) or await self._trips.is_ahead(trip.status, said.status, step.role):
                raise StepBefore(refusal.detail) from refusal
            raise

    async def _require_current(self, trip: Trip, step: Step) -> None:
        """A message names no driver, and comes late: what was said before an offer was meant by whoever had the trip then."""
        offered_at = await self._dispatch.offered_at(trip)
        if offered_at is not None and step.at < offered_at:
            raise OfferOver("this was said before the trip was offered to the driver who has it now; ask that one")

    async def _take(self, trip: Trip, status: TripStatus, step: Step) -> None:
        if status == "accepted" and trip.status == "assigned":
            await self._dispatch.accept(trip.id, None, step, _whatever)
        else:
            await self._steps.move(trip.id, None, status, step, _whatever)


def _whatever(_: int) -> None:
    """A message names no version: what it asks for follows from the status alone."""
