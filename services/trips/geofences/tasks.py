"""The watch over geofences by the clock."""

from services.trips import geofence_deps
from services.trips.geofences.watching import GeofenceWatch
from shared.contracts.trips import WatchGeofences
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(WatchGeofences)
def watch_geofences(runtime: ProcessRuntime) -> GeofenceWatch:
    """Notes who has entered, left and stayed within geofences since the last time."""
    return geofence_deps.geofence_watch(runtime)
