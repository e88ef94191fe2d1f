"""The watch over geofences by the clock."""

from services.trips import geofence_deps
from shared.contracts.trips import WatchGeofences
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(WatchGeofences)
async def watch_geofences(session: Session, received: Received[WatchGeofences]) -> None:
    """Note who has entered, left and stayed within geofences since the last time."""
    await geofence_deps.geofence_watch(session).run(received.message.slot or received.occurred_at)
