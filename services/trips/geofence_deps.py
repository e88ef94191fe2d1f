"""How geofences are put together, for endpoints and tasks alike."""

from services.trips.geofences.repository import GeofenceRepository
from services.trips.geofences.service import Geofences
from services.trips.geofences.watching import GeofenceWatch
from shared.runtime.clock import Clock
from shared.runtime.db import Session


def geofences(session: Session, clock: Clock, *, by: str) -> Geofences:
    """Writes geofences, in the session's unit of work."""
    return Geofences(GeofenceRepository(session), clock, by=by)


def geofence_watch(session: Session) -> GeofenceWatch:
    """Looks for crossings, in the session's unit of work."""
    return GeofenceWatch(GeofenceRepository(session))
