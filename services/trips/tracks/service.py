"""Where a trip went."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.trips.positions.long_tracks import PAGE, whole_track
from services.trips.positions.models import Place
from services.trips.positions.repository import PositionReader
from services.trips.tracks.files import GPX_END, gpx_begin, gpx_points
from services.trips.tracks.measuring import Measured, measure
from services.trips.trips.models import Trip
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from shared.runtime.db import Database, ReadSession

_ASK: Final = "ask for parts of the trip: since=…&until=…, or for all of it as a file: /v1/trips/{trip_id}/track.gpx"


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a trip that is asked for: from one moment, until another one, both included; None for its own."""

    since: datetime | None = None
    until: datetime | None = None

    def of(self, trip: Trip, now: datetime) -> tuple[datetime, datetime] | None:
        """From when until when; None for a trip that nobody has set out for."""
        if trip.vehicle_id is None or trip.started_at is None:
            return None
        begin, end = trip.started_at, trip.ended_at or now
        return max(begin, self.since or begin), min(end, self.until or end)


class Tracks:
    """Reads the tracks of trips, as far back as positions are kept."""

    def __init__(self, positions: PositionReader, now: datetime) -> None:
        self._positions = positions
        self._now = now

    async def of(self, trip: Trip, part: Part) -> Sequence[Place]:
        """The places of a trip, in the order of time; none for one that nobody has set out for. Raises TrackTooLong."""
        span = part.of(trip, self._now)
        if span is None or trip.vehicle_id is None:
            return []
        ask = _ASK.format(trip_id=trip.id)
        return await whole_track(self._positions, trip.vehicle_id, *span, trip_id=trip.id, ask=ask)

    async def measured(self, trip: Trip, part: Part, places: Sequence[Place]) -> Measured | None:
        """How far this part of the track goes."""
        span = part.of(trip, self._now)
        # A day's track takes half a second, and others must have their turn.
        return await asyncio.to_thread(measure, places, *span) if span is not None else None


class TrackFile:
    """Reads page after page, each in a transaction of its own: a client may take its time over a file.

    reader: reads positions as far back as they are kept.
    """

    def __init__(self, database: Database, reader: Callable[[ReadSession], PositionReader], now: datetime) -> None:
        self._database = database
        self._reader = reader
        self._now = now

    async def gpx(self, trip_id: UUID, organization_id: UUID | None, part: Part) -> AsyncIterator[bytes]:
        """The file in parts, however long it is. Raises TripNotFound."""
        async with self._database.read() as session:
            trip = await trip_of(TripReader(session), trip_id, organization_id)
        return self._parts(trip, part)

    async def _parts(self, trip: Trip, part: Part) -> AsyncIterator[bytes]:
        yield gpx_begin(trip.number)
        span, after = part.of(trip, self._now), None
        while span is not None and trip.vehicle_id is not None:
            async with self._database.read() as session:
                page = await self._reader(session).places(trip.vehicle_id, *span, trip_id=trip.id, after=after, limit=PAGE)
            yield gpx_points(page)
            if len(page) < PAGE:
                break
            after = page[-1].recorded_at
        yield GPX_END
