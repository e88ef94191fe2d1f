"""Messages that the trips service owns."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, Event, UtcDatetime
from shared.contracts.notifications.fields import REFERENCE
from shared.contracts.retry import RetryPolicy

_SOON = RetryPolicy(max_retries=3, base_s=1, factor=3, cap_s=10)
_IN_TURN = RetryPolicy(max_retries=8, base_s=0.5, factor=2, cap_s=5)
"""A quarter of a minute on average: for the message of another step, which is tried again as soon."""


class TripCompleted(Event):
    """A trip has ended; these are the facts that it is billed by.

    customer: who pays, `payments.customer:<id>`; None where nobody is billed. mobility: how the passenger travels, such as
    ambulatory, wheelchair or stretcher. waiting_s: of duration_s, how long the vehicle stood and waited for the passenger.
    entity_version: the trip's; a correction comes as a newer version.
    """

    contract: ClassVar = Contract("trips.trip_completed", (lanes.PAYMENTS_NORMAL, lanes.ANALYTICS_NORMAL), max_batch=100)

    trip_id: UUID
    organization_id: UUID
    entity_version: int = Field(ge=1)
    trip_number: str = Field(min_length=1, max_length=100)
    customer: str | None = Field(default=None, max_length=200, pattern=REFERENCE)
    mobility: str = Field(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")
    distance_m: int = Field(ge=0, le=100_000_000)
    duration_s: int = Field(ge=0, le=100_000_000)
    waiting_s: int = Field(default=0, ge=0, le=100_000_000)
    completed_at: UtcDatetime


class TripBooked(Event):
    """A trip was asked for. passenger: a reference of who travels, where one is named. return_of: whose way back it is."""

    contract: ClassVar = Contract("trips.trip_booked", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    trip_id: UUID
    organization_id: UUID
    passenger: str | None = Field(default=None, max_length=200, pattern=REFERENCE)
    mobility: str = Field(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")
    return_of: UUID | None = None
    booked_at: UtcDatetime


class TripEndedEarly(Event):
    """A trip has ended before its destination, or never began. status: why."""

    contract: ClassVar = Contract("trips.trip_ended_early", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    trip_id: UUID
    organization_id: UUID
    passenger: str | None = Field(default=None, max_length=200, pattern=REFERENCE)
    status: Literal["cancelled", "no_show", "aborted"]
    ended_at: UtcDatetime


class ExpireOffer(Command):
    """End the offer of a trip that its driver has not answered by `slot`, and offer the trip to the next candidate."""

    contract: ClassVar = Contract("trips.expire_offer", (lanes.TRIPS_NORMAL,), max_batch=20)

    assignment_id: UUID
    slot: UtcDatetime | None = None


class ProcessTripCompletion(Command):
    """Work off a completed trip: fix its facts, free driver and vehicle, have it invoiced, tell people; each step once.

    It comes again after 15 minutes, and measures the trip with the positions that have come late.
    """

    contract: ClassVar = Contract("trips.process_trip_completion", (lanes.TRIPS_NORMAL,), max_batch=20)

    trip_id: UUID


class CheckTripTimeouts(Command):
    """Flag the trips that need somebody at `slot`: they take too long, will be late, have no driver or no invoice."""

    contract: ClassVar = Contract("trips.check_trip_timeouts", (lanes.TRIPS_NORMAL,), max_batch=1)

    slot: UtcDatetime | None = None


class WatchGeofences(Command):
    """Note which vehicles have entered, left and stayed within geofences since the last time. slot: the scheduled moment."""

    contract: ClassVar = Contract("trips.watch_geofences", (lanes.TRIPS_BACKGROUND,), max_batch=1)

    slot: UtcDatetime | None = None


class BroadcastTripStatus(Command):
    """Take a trip to its next status, and tell those who follow it.

    message: what followers are told; a status that the trip has already carries it on. acting_as: who takes the step, since not
    everybody may take every one. reason: why it is cancelled or aborted, the message where none is given.

    Order is not promised: what comes before the step that it follows waits for that one, some seconds.
    """

    contract: ClassVar = Contract("trips.broadcast_trip_status", (lanes.TRIPS_REALTIME,), _IN_TURN, max_batch=100)

    trip_id: UUID
    status: Literal[
        "will_call",
        "accepted",
        "en_route_pickup",
        "at_pickup",
        "onboard",
        "at_dropoff",
        "completed",
        "cancelled",
        "no_show",
        "aborted",
    ]
    message: str | None = Field(default=None, min_length=1, max_length=1000)
    acting_as: Literal["operator", "driver", "passenger", "system"] = "system"
    reason: str | None = Field(default=None, min_length=1, max_length=1000)


class BroadcastGpsUpdate(Command):
    """Keep where the vehicle of a trip is, and show it to those who follow the trip.

    Names and units are those of the patient transport system: `speed` is in kilometres per hour, `heading` in degrees clockwise
    from north. recorded_at: when the vehicle was there; else when the message was sent.
    """

    contract: ClassVar = Contract("trips.broadcast_gps_update", (lanes.TRIPS_REALTIME,), _SOON, max_batch=500)

    trip_id: UUID
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)
    speed: float | None = Field(default=None, ge=0, le=3600, allow_inf_nan=False)
    heading: float | None = Field(default=None, ge=0, le=360, allow_inf_nan=False)
    recorded_at: UtcDatetime | None = None


class CleanupOldGpsData(Command):
    """Drop the days whose positions are all older than 30 days, and make the next days ready.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("trips.cleanup_old_gps_data", (lanes.TRIPS_BACKGROUND,), max_batch=1)

    slot: UtcDatetime | None = None


class ArchiveOldRows(Command):
    """Put rows of trips and geofences that are old into files, and delete them; nothing where ARCHIVE_DIR is not set.

    slot: the scheduled moment. older_than_days: in the place of each table's own age. page: counted from 1; what one message does
    not get done the next one does, which it sends itself.
    """

    contract: ClassVar = Contract(
        "trips.archive_old_rows", (lanes.TRIPS_BACKGROUND,), RetryPolicy(max_retries=10, base_s=30, cap_s=1800), max_batch=1
    )

    slot: UtcDatetime | None = None
    older_than_days: int | None = Field(default=None, ge=30, le=36_500)
    page: int = Field(default=1, ge=1)
