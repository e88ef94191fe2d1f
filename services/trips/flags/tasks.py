"""The watch over trips by the clock."""

from services.trips import deps
from services.trips.flags.watching import TripWatch
from shared.contracts.trips import CheckTripTimeouts
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CheckTripTimeouts)
def check_trip_timeouts(runtime: ProcessRuntime) -> TripWatch:
    """Flags trips that need somebody, and clears the flags of those that need nobody any more."""
    return deps.trip_watch(runtime)
