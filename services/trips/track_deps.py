"""How tracks are put together."""

from services.trips.positions.plausibility import Limits
from services.trips.positions.repository import PositionReader
from services.trips.tracks.service import TrackFile, Tracks
from shared.runtime.clock import Clock
from shared.runtime.db import Database, ReadSession


def tracks(session: ReadSession, clock: Clock) -> Tracks:
    """Reads tracks of trips."""
    now = clock()
    return Tracks(PositionReader(session, now - Limits().kept), now)


def track_file(database: Database, clock: Clock) -> TrackFile:
    """Writes tracks of trips into files."""
    now = clock()
    kept_since = now - Limits().kept
    return TrackFile(database, lambda session: PositionReader(session, kept_since), now)
