"""The task door to positions: the same checks, the same statement and the same followers as over HTTP, a batch at a time.

Points are committed with the claim. What comes again after a crash is known by its vehicle and time, and written once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.trips.live.channel import LiveChannel, Told
from services.trips.live.places import place_of
from services.trips.positions.days import day_of
from services.trips.positions.days_repository import DaysRepository
from services.trips.positions.plausibility import Plausibility
from services.trips.positions.point_models import Point, Refusal, Reporter
from services.trips.positions.recording import Recording
from services.trips.positions.writing_repository import NamedTrip, PositionRepository
from shared.contracts.trips import BroadcastGpsUpdate
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Failed, Outcome, Skipped

KMH_MPS: Final = 1 / 3.6
Message = Received[BroadcastGpsUpdate]


@dataclass(frozen=True, slots=True)
class Telling:
    """The newest place of a trip, which is committed and is to be told."""

    told: Told


class GpsBroadcast:
    """The effect of `trips.broadcast_gps_update`."""

    concurrency = 50

    def __init__(self, channel: LiveChannel, plausibility: Plausibility, clock: Clock) -> None:
        self._channel = channel
        self._plausibility = plausibility
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[Message]) -> Sequence[Telling | Outcome]:
        """Write the points of the batch in one statement; whoever's newest place has moved is to be told of."""
        positions = PositionRepository(session)
        trips = await positions.trips(sorted({one.message.trip_id for one in received}))
        outcomes: dict[int, Telling | Outcome] = {}
        for number, one in enumerate(received):
            if (unfit := _unfit(trips.get(one.message.trip_id))) is not None:
                outcomes[number] = unfit
        left = [number for number in range(len(received)) if number not in outcomes]
        if left:
            outcomes |= dict(zip(left, await self._record(session, [received[number] for number in left], trips), strict=True))
        return [outcomes[number] for number in range(len(received))]

    async def call(self, work: Telling) -> Outcome:
        """Tell it. What nobody hears because Redis is away, or because it is too early, is found by those who show it."""
        try:
            await self._channel.tell([work.told])
        except BROKER_ERRORS:
            return Done()
        return Done()

    async def record(self, _: Session, results: Sequence[tuple[Message, Telling | None, Outcome]]) -> None:
        """The points were written with the claim."""

    async def close(self) -> None:
        """It keeps nothing open."""

    async def _record(
        self, session: Session, received: Sequence[Message], trips: Mapping[UUID, NamedTrip]
    ) -> list[Telling | Outcome]:
        reports = [(_reporter(trips[one.message.trip_id]), _point(one)) for one in received]
        now, limits = self._clock(), self._plausibility.limits
        days = DaysRepository(session)
        for day in sorted({day_of(point.recorded_at) for _, point in reports if point.recorded_at > now - limits.kept}):
            if day <= day_of(now + limits.ahead):
                await days.make(day, day)
        recorded = await Recording(PositionRepository(session), self._plausibility).record(reports, now)
        moved: dict[tuple[UUID, datetime], Telling | Outcome] = {
            (one.vehicle_id, one.recorded_at): Telling(place_of(one.trip_id, one, point))
            for one, point in recorded.moved
            if one.trip_id is not None
        }
        outcomes: list[Telling | Outcome] = []
        for (reporter, point), outcome in zip(reports, recorded.outcomes, strict=True):
            if isinstance(outcome, Refusal):
                outcomes.append(Skipped(f"{outcome.reason}: {outcome.detail}"))
            else:
                outcomes.append(moved.pop((reporter.vehicle_id, point.recorded_at), Done()))
        return outcomes


def _unfit(trip: NamedTrip | None) -> Outcome | None:
    if trip is None:
        return Failed("there is no trip with this id", reason="permanent_error", error_class="TripNotFound")
    if trip.vehicle_id is None:
        return Skipped("nobody drives the trip")
    return None


def _reporter(trip: NamedTrip) -> Reporter:
    assert trip.vehicle_id is not None, "a trip that nobody drives was sorted out before"
    return Reporter(trip.vehicle_id, trip.organization_id)


def _point(one: Message) -> Point:
    message = one.message
    return Point(
        recorded_at=message.recorded_at or one.occurred_at,
        latitude=message.latitude,
        longitude=message.longitude,
        speed_mps=message.speed * KMH_MPS if message.speed is not None else None,
        heading_deg=message.heading,
        trip_id=message.trip_id,
        source="task",
    )
