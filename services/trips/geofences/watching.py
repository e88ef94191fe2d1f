"""Looking at the ways of vehicles for crossings of fences: each way once, each crossing once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.trips.geofences.models import Piece, Progress, Waiting
from services.trips.geofences.repository import GeofenceRepository
from services.trips.geofences.shapes import crossings, holds, shape_of
from services.trips.turns import Turns
from shared.contracts.trips import WatchGeofences
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Outcome

VEHICLES: Final = 200
"""Whose ways are read in one turn."""
POINTS: Final = 500
"""How much of a vehicle's way is read in one turn: eight minutes of a position each second."""
LONGEST_S: Final = 40.0
"""How long turns are begun. What has had none waits longest when the watch comes again, within a minute, and is first then."""
STRAIGHT: Final = timedelta(minutes=5)
"""With more time between two fixes nobody knows the way between them: then only who is on the other side has crossed."""
_COLUMNS: Final = (
    "geofence_ids",
    "vehicle_ids",
    "organization_ids",
    "trip_ids",
    "kinds",
    "at",
    "after",
    "upto",
    "latitudes",
    "longitudes",
)


@dataclass(frozen=True, slots=True)
class Look:
    """All that has come by this moment is to be looked at."""

    at: datetime


class GeofenceWatch:
    """The effect of `trips.watch_geofences`, whose outside is the service's own database.

    Organizations take turns, each in a transaction that notes what was found and how far was looked.

    unit_of_work: opens a transaction. longest_s: how long turns are begun; there is one at least.
    """

    concurrency = 1

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], *, longest_s: float = LONGEST_S) -> None:
        self._unit_of_work = unit_of_work
        self._turns = Turns("geofences", longest_s=longest_s)

    async def claim(self, _: Session, received: Sequence[Received[WatchGeofences]]) -> Sequence[Look | Outcome]:
        """Nothing is to be written before."""
        return [Look(one.message.slot or one.occurred_at) for one in received]

    async def call(self, work: Look) -> Outcome:
        """Look at all that has come since the last time. What is late, and before it, is not looked at any more."""
        return await self._turns.take(lambda: self._waiting(work.at), lambda one: self._turn(one, work.at))

    async def record(self, _: Session, results: Sequence[tuple[Received[WatchGeofences], Look | None, Outcome]]) -> None:
        """What was found is noted already."""

    async def close(self) -> None:
        """It keeps nothing open."""

    async def _waiting(self, at: datetime) -> Sequence[Waiting]:
        async with self._unit_of_work() as session:
            return await GeofenceRepository(session).waiting(at)

    async def _turn(self, one: Waiting, at: datetime) -> Waiting | None:
        """Look at some of an organization's vehicles. Whose turn is still to come, or comes once more; nobody's where somebody
        else looks at the organization."""
        turn, later = one.vehicle_ids[:VEHICLES], one.vehicle_ids[VEHICLES:]
        async with self._unit_of_work() as session:
            geofences = GeofenceRepository(session)
            if not await geofences.hold(one.organization_id):
                return None
            moved = await geofences.moved(turn, at, POINTS)
            await _look(geofences, moved, at)
        rest = [*later, *(way.vehicle_id for way in moved if way.upto < way.newest)]
        return Waiting(one.organization_id, rest) if rest else None


async def _look(geofences: GeofenceRepository, moved: Sequence[Progress], at: datetime) -> None:
    events = [event async for piece in geofences.pieces(moved) for event in _events(piece)]
    if events:
        await geofences.note(_by_column(events), at)
    await geofences.advance(moved)
    await geofences.note_dwells([one.vehicle_id for one in moved], at)


def _by_column(events: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in zip(_COLUMNS, zip(*events, strict=True), strict=True)}


def _events(piece: Piece) -> Iterator[tuple[Any, ...]]:
    """The crossings of a piece, as rows of `_COLUMNS`."""
    whose = (piece.geofence_id, piece.vehicle_id, piece.organization_id, piece.trip_id)
    for kind, share in _crossings(piece):
        at = piece.from_at + share * (piece.to_at - piece.from_at)
        latitude = piece.from_latitude + share * (piece.to_latitude - piece.from_latitude)
        longitude = piece.from_longitude + share * (piece.to_longitude - piece.from_longitude)
        # An edge right at the first fix belongs to the piece before it, whose range ends there.
        at = max(at, piece.from_at + timedelta(microseconds=1))
        yield (*whose, kind, at, piece.from_at, piece.to_at, latitude, longitude)


def _crossings(piece: Piece) -> list[tuple[str, float]]:
    shape = shape_of(piece.shape)
    begin, end = (piece.from_latitude, piece.from_longitude), (piece.to_latitude, piece.to_longitude)
    if piece.to_at - piece.from_at <= STRAIGHT:
        return [(kind, share) for kind, share in crossings(shape, begin, end)]
    was, is_now = holds(shape, begin), holds(shape, end)
    return [] if was == is_now else [("enter" if is_now else "exit", 1.0)]
