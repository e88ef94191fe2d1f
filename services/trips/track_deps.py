"""How tracks are put together."""

from services.trips.positions.plausibility import Limits
from services.trips.positions.repository import PositionReader
from services.trips.tracks.service import Tracks
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession


def tracks(session: ReadSession, clock: Clock) -> Tracks:
    """Reads tracks of trips."""
    now = clock()
    return Tracks(PositionReader(session, now - Limits().kept), now)
