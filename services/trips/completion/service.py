"""Working off a completed trip, step by step. A step that has ended is never done again, however often this runs.

Everything that a step does is in the database of this service: what it says to others stands in the outbox beside the mark that
it is done. So a step and its mark exist together or not at all, wherever the process dies.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.trips.completion.distance import RecordedMileage, estimate
from services.trips.completion.errors import CompletionNotFound, InvoiceSettled, TripNotCompleted
from services.trips.completion.models import ENDED_STEPS, Completion, StepName, StepResult, StepStatus
from services.trips.completion.repository import CompletionReader, CompletionRepository
from services.trips.dispatch.repository import AssignmentRepository
from services.trips.trips.models import Trip
from services.trips.trips.repository import TripReader
from services.trips.trips.trip_messages import TripMessages
from shared.contracts.payments import GenerateInvoice, InvoiceIssued
from shared.contracts.trips import ProcessTripCompletion, TripCompleted
from shared.runtime.outbox import Publisher

LATE_POINTS: Final = timedelta(minutes=15)
"""What a device has held back without a network is there by then, mostly."""
_DONE: Final = StepResult("done")
_NO_FACTS: Final = StepResult("pending", "the distance is not known yet")
_Step = Callable[[Trip, Completion, datetime], Awaitable[StepResult]]


async def completion_of(completions: CompletionReader, trip_id: UUID, organization_id: UUID | None) -> Completion:
    """A completion. Raises CompletionNotFound, also for another organization's."""
    return _found(await completions.find(trip_id, organization_id))


class TripCompletion:
    """Works in one unit of work, in which the completion is held."""

    def __init__(
        self,
        trips: TripReader,
        completions: CompletionRepository,
        mileage: RecordedMileage,
        assignments: AssignmentRepository,
        messages: TripMessages,
        publisher: Publisher,
    ) -> None:
        self._trips = trips
        self._completions = completions
        self._mileage = mileage
        self._assignments = assignments
        self._messages = messages
        self._publisher = publisher
        self._steps: Mapping[StepName, _Step] = {
            "facts_fixed": self._fix_facts,
            "released": self._release,
            "billing_told": self._tell_billing,
            "invoice_requested": self._request_invoice,
            "people_told": self._tell_people,
            "invoice_confirmed": self._await_invoice,
        }

    async def process(self, trip_id: UUID, at: datetime) -> None:
        """Take every step that can be taken, and once more after LATE_POINTS. Facts that are fixed already are corrected.

        Raises TripNotCompleted.
        """
        # Held, so that a mileage that is recorded meanwhile either is read here or finds the facts fixed and corrects them.
        trip = await self._trips.find(trip_id, None, lock=True)
        if trip is None or trip.status != "completed":
            what = "there is no trip with this id" if trip is None else f"the trip is {trip.status}"
            raise TripNotCompleted(f"{what}; what follows from a completed trip follows from no other")
        if await self._completions.begin(trip, at):
            self._publisher.publish(ProcessTripCompletion(trip_id=trip_id), due_at=at + LATE_POINTS)
        completion = _found(await self._completions.find(trip_id, None, lock=True))
        if completion.revision > 0:
            await self._correct(trip, completion, at)
        for step in await self._completions.steps(trip_id):
            if step.status not in ENDED_STEPS:
                result = await self._steps[step.step](trip, completion, at)
                await self._completions.note(trip_id, step.step, result, at)
                completion = _found(await self._completions.find(trip_id, None))
        await self._settle(completion, at)

    async def confirm(self, issued: InvoiceIssued) -> None:
        """Payments has issued the invoice. One of something else, or of an invoice that is settled, changes nothing."""
        if issued.trip_id is None:
            return
        completion = await self._completions.find(issued.trip_id, issued.organization_id, lock=True)
        if completion is None or completion.invoice_id is not None:
            return
        values = {"invoice_id": issued.invoice_id, "invoice_number": issued.number}
        completion = await self._completions.change(completion.trip_id, values, issued.issued_at)
        done = StepResult("done", f"invoice {issued.number}")
        for name in ("invoice_requested", "invoice_confirmed"):
            await self._end_step(completion.trip_id, name, done, issued.issued_at)
        await self._settle(completion, issued.issued_at)

    async def request_invoice_again(self, trip_id: UUID, at: datetime) -> None:
        """Ask payments once more: the same trip gives the same invoice, however often it is asked for."""
        self._publisher.publish(GenerateInvoice(trip_id=trip_id))
        await self._completions.note(trip_id, "invoice_confirmed", _awaited(again=True), at)

    async def waive_invoice(self, trip_id: UUID, organization_id: UUID | None, reason: str, at: datetime) -> Completion:
        """Nobody waits for the invoice any more: people bill the trip, or nobody does.

        Raises CompletionNotFound and InvoiceSettled.
        """
        completion = _found(await self._completions.find(trip_id, organization_id, lock=True))
        given_up = StepResult("compensated", reason)
        ended = [await self._end_step(trip_id, name, given_up, at) for name in ("invoice_requested", "invoice_confirmed")]
        if not any(ended):
            raise InvoiceSettled("the invoice is there, or was waived, or nobody is billed; GET the completion")
        return await self._settle(completion, at)

    async def correct(self, trip: Trip, at: datetime) -> None:
        """Fix the facts anew by what is recorded by now; payments is told where they have changed.

        Those that were not fixed yet are, and what waited for them goes on.
        """
        completion = await self._completions.find(trip.id, None, lock=True)
        if completion is None:
            return
        if completion.revision == 0:
            await self.process(trip.id, at)
        else:
            await self._correct(trip, completion, at)

    async def _correct(self, trip: Trip, completion: Completion, at: datetime) -> None:
        recorded = await self._mileage.of(trip)
        if recorded is None or (recorded.distance_m, recorded.source) == (completion.distance_m, completion.distance_source):
            return
        values = {"distance_m": recorded.distance_m, "distance_source": recorded.source, "revision": completion.revision + 1}
        self._publisher.publish(_facts(trip, await self._completions.change(trip.id, values, at)))

    async def _fix_facts(self, trip: Trip, completion: Completion, at: datetime) -> StepResult:
        distance = await self._mileage.of(trip) or estimate(trip)
        if distance is None:
            return StepResult("waiting", "no distance is recorded, and the places are no points; PUT the trip's mileage")
        assert trip.ended_at is not None, "the table refuses a completed trip without its end"
        arrived = trip.pickup_arrived_at or trip.onboard_at or trip.started_at or trip.ended_at
        # Trips of old have steps that a message took at a time before the one that they follow.
        duration_s = max(0, round((trip.ended_at - arrived).total_seconds()))
        waiting_s = max(0, round(((trip.onboard_at or arrived) - arrived).total_seconds()))
        facts = {
            "distance_m": distance.distance_m,
            "distance_source": distance.source,
            "duration_s": duration_s,
            "waiting_s": min(waiting_s, duration_s),
        }
        await self._completions.change(trip.id, facts | {"revision": completion.revision + 1}, at)
        return StepResult("done", f"{distance.distance_m} m by {distance.source}")

    async def _release(self, trip: Trip, _: Completion, at: datetime) -> StepResult:
        if trip.assignment_id is None:
            return StepResult("skipped", "nobody was bound")
        await self._assignments.end(trip.assignment_id, "released", at, None)
        return _DONE

    async def _tell_billing(self, trip: Trip, completion: Completion, _: datetime) -> StepResult:
        if completion.revision == 0:
            return _NO_FACTS
        self._publisher.publish(_facts(trip, completion))
        return _DONE

    async def _request_invoice(self, trip: Trip, completion: Completion, _: datetime) -> StepResult:
        if trip.customer is None:
            return StepResult("skipped", "the trip names no customer, so nobody is billed")
        if completion.revision == 0:
            return _NO_FACTS
        self._publisher.publish(GenerateInvoice(trip_id=trip.id))
        return _DONE

    async def _tell_people(self, trip: Trip, _: Completion, __: datetime) -> StepResult:
        people = sorted({one for one in (trip.passenger, trip.requester) if one is not None})
        for person in people:
            self._messages.stands(trip, person)
        return _DONE if people else StepResult("skipped", "the trip names nobody to tell")

    async def _await_invoice(self, trip: Trip, completion: Completion, _: datetime) -> StepResult:
        if trip.customer is None:
            return StepResult("skipped", "nobody is billed")
        return _NO_FACTS if completion.revision == 0 else _awaited()

    async def _end_step(self, trip_id: UUID, name: StepName, result: StepResult, at: datetime) -> bool:
        """Whether it had not ended before."""
        statuses: dict[StepName, StepStatus] = {one.step: one.status for one in await self._completions.steps(trip_id)}
        if statuses[name] in ENDED_STEPS:
            return False
        await self._completions.note(trip_id, name, result, at)
        return True

    async def _settle(self, completion: Completion, at: datetime) -> Completion:
        statuses = {one.status for one in await self._completions.steps(completion.trip_id)}
        if completion.status != "running" or not statuses <= ENDED_STEPS:
            return completion
        status = "failed" if "compensated" in statuses else "done"
        return await self._completions.change(completion.trip_id, {"status": status}, at)


def _awaited(*, again: bool = False) -> StepResult:
    return StepResult("waiting", "payments was asked again" if again else "payments is asked")


def _facts(trip: Trip, completion: Completion) -> TripCompleted:
    """What the trip is billed by. A correction is a newer version."""
    assert trip.ended_at is not None, "the table refuses a completed trip without its end"
    assert completion.distance_m is not None, "the table refuses facts without all of them"
    return TripCompleted(
        trip_id=trip.id,
        organization_id=trip.organization_id,
        entity_version=trip.version + completion.revision - 1,
        trip_number=trip.number,
        customer=trip.customer,
        mobility=trip.mobility,
        distance_m=completion.distance_m,
        duration_s=completion.duration_s or 0,
        waiting_s=completion.waiting_s or 0,
        completed_at=trip.ended_at,
    )


def _found(completion: Completion | None) -> Completion:
    if completion is None:
        raise CompletionNotFound("the trip is not completed, or there is none with this id; GET /v1/trips/{trip_id}")
    return completion
