"""How finding stops is put together."""

from services.trips.position_deps import position_reader
from services.trips.stops.service import Stops
from services.trips.trips.repository import TripReader
from services.trips.vehicles.repository import VehicleReader
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession


def stops(session: ReadSession, clock: Clock) -> Stops:
    """Finds stops."""
    return Stops(position_reader(session, clock), TripReader(session), VehicleReader(session), clock)
