"""Looking at the ways of vehicles for crossings of fences: each way once, each crossing once."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.trips.geofences.models import Piece
from services.trips.geofences.repository import GeofenceRepository
from services.trips.geofences.shapes import crossings, holds, shape_of

MOST: Final = 200
"""Vehicles whose ways are read at once."""
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


class GeofenceWatch:
    """Works in one unit of work."""

    def __init__(self, geofences: GeofenceRepository) -> None:
        self._geofences = geofences

    async def run(self, at: datetime) -> None:
        """Look at all that has come since the last time. What is late, and before it, is not looked at any more."""
        await self._geofences.hold()
        while moved := await self._geofences.moved(at, MOST):
            events = [event for piece in await self._geofences.pieces(moved) for event in _events(piece)]
            if events:
                await self._geofences.note(_by_column(events), at)
            await self._geofences.advance(moved)
        await self._geofences.note_dwells(at)


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
