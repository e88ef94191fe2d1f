"""Statuses that come by message: the same steps as over HTTP, for task clients."""

from services.trips.dispatch.service import Dispatch
from services.trips.trips.errors import StatusNotMoved, TripNotFound
from services.trips.trips.models import Step
from services.trips.trips.repository import TripReader
from services.trips.trips.service import TripSteps
from shared.contracts.trips import BroadcastTripStatus
from shared.runtime.inbox.delivery import Received


class StatusBroadcast:
    """Works in one unit of work."""

    def __init__(self, trips: TripReader, steps: TripSteps, dispatch: Dispatch) -> None:
        self._trips = trips
        self._steps = steps
        self._dispatch = dispatch

    async def carry_out(self, received: Received[BroadcastTripStatus]) -> None:
        """Take the step, with what followers are told. A status that the trip has already only carries its message on.

        Raises TripNotFound, StatusForbids, ReasonMissing, NoOffer and OfferOver; StatusNotMoved where nothing is said either.
        """
        said = received.message
        trip = await self._trips.find(said.trip_id, None)
        if trip is None:
            raise TripNotFound("there is no trip with this id; send the id that POST /v1/trips has answered")
        if trip.status == said.status and said.message is None:
            raise StatusNotMoved(f"the trip is {trip.status} already")
        by = f"message:{received.source or 'client'}"
        details = {"message": said.message} if said.message else None
        step = Step(by, said.acting_as, received.occurred_at, said.reason or said.message, details)
        if said.status == "accepted" and trip.status == "assigned":
            await self._dispatch.accept(trip.id, None, step, _whatever)
        else:
            await self._steps.move(trip.id, None, said.status, step, _whatever)


def _whatever(_: int) -> None:
    """A message names no version: what it asks for follows from the status alone."""
