"""What a worker does with the messages about positions."""

from services.trips import position_deps
from services.trips.positions.clean_up import CleanUp
from services.trips.positions.gps_broadcast import GpsBroadcast
from shared.contracts.trips import BroadcastGpsUpdate, CleanupOldGpsData
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(BroadcastGpsUpdate)
def broadcast_gps_update(runtime: ProcessRuntime) -> GpsBroadcast:
    """Keeps where a trip's vehicle is, and shows it to those who follow."""
    return position_deps.gps_broadcast(runtime)


@effect(CleanupOldGpsData)
def cleanup_old_gps_data(runtime: ProcessRuntime) -> CleanUp:
    """Drops the days whose time is over."""
    return position_deps.clean_up(runtime)
