"""What people are told of trips. Places are called by their labels: no address goes out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from services.trips.drivers.models import reference_of
from services.trips.trips.models import Trip, TripStatus
from shared.contracts.notifications import CancelMessages, SendNotification, SendTripAssignmentNotification
from shared.runtime.outbox import Publisher

TEMPLATE: Final = "trip_update"
CATEGORY: Final = "trips"

STANDINGS: Final[Mapping[TripStatus, str]] = {
    "requested": "requested",
    "scheduled": "scheduled",
    "will_call": "waiting for the passenger to call",
    "assigned": "offered to a driver",
    "accepted": "accepted by a driver",
    "en_route_pickup": "on the way to the pick-up",
    "at_pickup": "at the pick-up",
    "onboard": "under way",
    "at_dropoff": "at the destination",
    "completed": "completed",
    "cancelled": "cancelled",
    "no_show": "ended: the passenger did not come",
    "aborted": "ended on the way",
}
"""How a trip stands, as people read it."""


def subject_of_trip(trip_id: UUID) -> str:
    """Under which messages about a trip can be taken back."""
    return f"trips.trip:{trip_id}"


def subject_of_offer(assignment_id: UUID) -> str:
    """Under which messages about an offer can be taken back."""
    return f"trips.assignment:{assignment_id}"


class TripMessages:
    """Publishes in one unit of work."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def offered(self, trip: Trip, assignment_id: UUID, driver_id: UUID, answer_by: datetime) -> None:
        """A driver is to answer; pointless once the time is over."""
        assert trip.pickup_at is not None, "the table refuses a scheduled trip without its times"
        self._publisher.publish(
            SendTripAssignmentNotification(
                to_person=reference_of(driver_id),
                organization_id=trip.organization_id,
                trip_id=str(trip.id),
                trip_number=trip.number,
                pickup_at=trip.pickup_at,
                pickup=trip.pickup_label,
                dropoff=trip.dropoff_label,
                valid_until=answer_by,
                subject_key=subject_of_offer(assignment_id),
                dedupe_key=subject_of_offer(assignment_id),
            )
        )

    def taken_back(self, trip: Trip, assignment_id: UUID, driver_id: UUID, why: str) -> None:
        """The driver need not drive it: what has not gone out of the offer yet does not, and they are told."""
        self._publisher.publish(CancelMessages(subject_key=subject_of_offer(assignment_id), reason=why))
        key = f"{subject_of_offer(assignment_id)}:taken_back"
        self.tell(trip, reference_of(driver_id), "taken back, you need not drive it", key=key, note=why)

    def stands(self, trip: Trip, person: str, *, note: str | None = None) -> None:
        """How the trip stands now."""
        key = f"{subject_of_trip(trip.id)}:v{trip.version}:{person}"
        self.tell(trip, person, STANDINGS[trip.status], key=key, note=note)

    def tell(self, trip: Trip, person: str, status: str, *, key: str, note: str | None = None) -> None:
        """Something about a trip. status: as people read it. key: what is told once."""
        facts: dict[str, JsonValue] = {"trip_id": str(trip.id), "trip_number": trip.number, "status": status}
        self._publisher.publish(
            SendNotification(
                to_person=person,
                organization_id=trip.organization_id,
                notification_type=TEMPLATE,
                category=CATEGORY,
                context=facts | ({"note": note} if note else {}),
                subject_key=subject_of_trip(trip.id),
                dedupe_key=key[:200],
            )
        )
