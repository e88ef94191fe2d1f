"""How drivers, vehicles, devices and trips are put together, for endpoints and tasks alike."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from services.trips.completion.mileage_recording import MileageRecording
from services.trips.completion.repository import CompletionRepository, MileageReader
from services.trips.completion.service import TripCompletion
from services.trips.devices.repository import DeviceReader, DeviceRepository
from services.trips.devices.service import DeviceEntrance, Devices
from services.trips.dispatch.availability import AvailabilitySearch
from services.trips.dispatch.availability_repository import AvailabilityReader
from services.trips.dispatch.candidates import Candidates
from services.trips.dispatch.repository import AssignmentReader, AssignmentRepository
from services.trips.dispatch.service import Dispatch
from services.trips.dispatch.settings_service import DispatchSettingsChanges
from services.trips.drivers.repository import DriverReader, DriverRepository
from services.trips.drivers.service import Drivers
from services.trips.flags.late_rule_repository import LATE_RULE
from services.trips.flags.models import Rule
from services.trips.flags.position_rules_repository import POSITION_RULES
from services.trips.flags.repository import FlagRepository
from services.trips.flags.rules_repository import RULES
from services.trips.flags.service import TripFlags, TripLimits
from services.trips.flags.watching import TripWatch
from services.trips.positions.repository import PositionReader
from services.trips.shifts.repository import ShiftRepository
from services.trips.shifts.service import Shifts
from services.trips.summaries.repository import SummaryReader
from services.trips.summaries.service import TripSummaries
from services.trips.tracks.tracked_mileage import TrackedMileage
from services.trips.trips.repository import TripReader
from services.trips.trips.service import TripSteps
from services.trips.trips.status_broadcast import StatusBroadcast
from services.trips.trips.status_feed import HistoryFeed, StatusFeed
from services.trips.trips.trip_messages import TripMessages
from services.trips.trips.trip_request import TripRequests
from services.trips.trips.writing_repository import TripRepository
from services.trips.vehicles.repository import VehicleReader, VehicleRepository
from services.trips.vehicles.service import Vehicles
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime

WATCHED: Final[Sequence[Rule]] = (*RULES, LATE_RULE, *POSITION_RULES)
"""What the watch over trips looks for."""
_MAX_ACTOR: Final = 200


def actor(principal: Principal) -> str:
    """As whom a caller is written down."""
    return principal.id[:_MAX_ACTOR]


def drivers(session: Session, clock: Clock) -> Drivers:
    """Writes drivers, in the session's unit of work."""
    return Drivers(DriverRepository(session), VehicleReader(session), Publisher(session), clock)


def shifts(session: Session, clock: Clock, *, by: str) -> Shifts:
    """Writes shifts of drivers, in the session's unit of work."""
    return Shifts(ShiftRepository(session), DriverReader(session), clock, by=by)


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
    return TripRequests(TripRepository(session), Publisher(session), clock, by=by)


def trip_steps(session: Session) -> TripSteps:
    """Takes trips on their way, in the session's unit of work."""
    publisher = Publisher(session)
    return TripSteps(TripRepository(session), AssignmentRepository(session), TripMessages(publisher), publisher)


def availability(session: ReadSession) -> AvailabilitySearch:
    """Finds who can do a trip."""
    return AvailabilitySearch(TripReader(session), AvailabilityReader(session))


def dispatch(session: Session) -> Dispatch:
    """Offers trips to drivers and takes their answers, in the session's unit of work."""
    publisher = Publisher(session)
    candidates = Candidates(AvailabilityReader(session))
    return Dispatch(TripRepository(session), AssignmentRepository(session), candidates, TripMessages(publisher), publisher)


def dispatch_settings_changes(session: Session, clock: Clock, *, by: str) -> DispatchSettingsChanges:
    """Writes how an organization dispatches, in the session's unit of work."""
    return DispatchSettingsChanges(AssignmentRepository(session), clock, by=by)


def trip_completion(session: Session) -> TripCompletion:
    """Works off completed trips, in the session's unit of work."""
    publisher, completions = Publisher(session), CompletionRepository(session)
    # A trip that is worked off has just ended, so its positions are kept, whatever is the time.
    positions = PositionReader(session, datetime.min.replace(tzinfo=UTC))
    return TripCompletion(
        TripReader(session),
        completions,
        TrackedMileage(MileageReader(session), completions, positions),
        AssignmentRepository(session),
        TripMessages(publisher),
        publisher,
    )


def mileage_recording(session: Session) -> MileageRecording:
    """Records how far trips were, in the session's unit of work."""
    return MileageRecording(TripReader(session), CompletionRepository(session), trip_completion(session))


def trip_watch(runtime: ProcessRuntime) -> TripWatch:
    """The effect of `trips.check_trip_timeouts`."""
    return TripWatch(WATCHED, runtime.database.unit_of_work, trip_flags)


def trip_flags(session: Session) -> TripFlags:
    """Flags trips, in the session's unit of work."""
    return TripFlags(
        FlagRepository(session),
        TripReader(session),
        AssignmentReader(session),
        trip_completion(session),
        TripMessages(Publisher(session)),
    )


def trip_limits(session: Session, clock: Clock, *, by: str) -> TripLimits:
    """Writes from when on trips need somebody, in the session's unit of work."""
    return TripLimits(FlagRepository(session), clock, by=by)


def status_broadcast(session: Session) -> StatusBroadcast:
    """Takes statuses by message, in the session's unit of work."""
    return StatusBroadcast(TripReader(session), trip_steps(session), dispatch(session))


def status_feed(session: ReadSession) -> StatusFeed:
    """Shows statuses to those who follow trips."""
    return HistoryFeed(TripReader(session))


def trip_summaries(session: ReadSession) -> TripSummaries:
    """Sums up people's days."""
    return TripSummaries(SummaryReader(session), DriverReader(session))
