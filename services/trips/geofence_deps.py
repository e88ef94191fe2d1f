"""How geofences are put together, for endpoints and tasks alike."""

from services.trips.eta.service import Arrivals
from services.trips.geofences.repository import GeofenceReader, GeofenceRepository
from services.trips.geofences.service import Geofences
from services.trips.geofences.watching import GeofenceWatch
from services.trips.position_deps import position_reader
from services.trips.trips.repository import TripReader
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.process import ProcessRuntime


def geofences(session: Session, clock: Clock, *, by: str) -> Geofences:
    """Writes geofences, in the session's unit of work."""
    return Geofences(GeofenceRepository(session), clock, by=by)


def geofence_watch(runtime: ProcessRuntime) -> GeofenceWatch:
    """The effect of `trips.watch_geofences`."""
    return GeofenceWatch(runtime.database.unit_of_work)


def arrivals(session: ReadSession, clock: Clock) -> Arrivals:
    """Works out when vehicles will be there."""
    return Arrivals(TripReader(session), position_reader(session, clock), GeofenceReader(session), clock)
