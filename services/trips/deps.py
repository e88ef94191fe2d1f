"""How drivers, vehicles, devices and trips are put together, for endpoints and tasks alike."""

from typing import Final

from services.trips.devices.repository import DeviceReader, DeviceRepository
from services.trips.devices.service import DeviceEntrance, Devices
from services.trips.drivers.repository import DriverReader, DriverRepository
from services.trips.drivers.service import Drivers
from services.trips.trips.service import TripSteps
from services.trips.trips.trip_request import TripRequests
from services.trips.trips.writing_repository import TripRepository
from services.trips.vehicles.repository import VehicleReader, VehicleRepository
from services.trips.vehicles.service import Vehicles
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.outbox import Publisher

_MAX_ACTOR: Final = 200


def actor(principal: Principal) -> str:
    """As whom a caller is written down."""
    return principal.id[:_MAX_ACTOR]


def drivers(session: Session, clock: Clock) -> Drivers:
    """Writes drivers, in the session's unit of work."""
    return Drivers(DriverRepository(session), Publisher(session), clock)


def vehicles(session: Session, clock: Clock) -> Vehicles:
    """Writes vehicles, in the session's unit of work."""
    return Vehicles(VehicleRepository(session), clock)


def devices(session: Session, clock: Clock) -> Devices:
    """Writes devices, in the session's unit of work."""
    return Devices(DeviceRepository(session), VehicleReader(session), clock)


def device_entrance(session: ReadSession) -> DeviceEntrance:
    """Recognises devices that report."""
    return DeviceEntrance(DeviceReader(session))


def trip_requests(session: Session, clock: Clock, *, by: str) -> TripRequests:
    """Requests and changes trips, in the session's unit of work."""
    return TripRequests(TripRepository(session), clock, by=by)


def trip_steps(session: Session) -> TripSteps:
    """Takes trips on their way, in the session's unit of work."""
    return TripSteps(TripRepository(session), DriverReader(session), VehicleReader(session))
