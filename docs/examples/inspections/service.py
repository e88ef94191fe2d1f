"""What the service does about inspections."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from docs.examples.inspections.contracts import (
    PruneInspections,
    RecordInspection,
    RecordOdometer,
    RemindOfInspections,
    ReportDefect,
)
from docs.examples.inspections.repository import InspectionRepository
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.runtime.outbox import Publisher

KEPT: Final = timedelta(days=730)
CHUNK: Final = 1000
"""So many rows are touched by one message; the rest by one that follows."""


class Inspections:
    """Works in one unit of work: what it writes and what it publishes is committed together."""

    def __init__(self, repository: InspectionRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def record(self, inspection_id: UUID, message: RecordInspection) -> None:
        """Write an inspection, and report its defect."""
        await self._repository.record(inspection_id, message)
        if message.defect is not None:
            self._publisher.publish(ReportDefect(inspection_id=inspection_id))

    async def note_odometers(self, readings: Sequence[RecordOdometer]) -> None:
        """Keep each vehicle's newest reading."""
        await self._repository.note_odometers(readings)

    async def prune(self, slot: datetime) -> None:
        """Delete what is too old at `slot`, a chunk per message, so that no lock is held for long."""
        if await self._repository.prune(slot - KEPT, CHUNK) == CHUNK:
            self._publisher.publish(PruneInspections(slot=slot))

    async def remind(self, slot: datetime) -> None:
        """Write to the owners of vehicles whose period has run out. Pointless after a week, so it says so."""
        due = await self._repository.take_due(slot, CHUNK)
        for vehicle in due:
            email = SendEmail(
                to_email=vehicle.owner_email,
                subject="An inspection is due",
                body="One of your vehicles is due for inspection.",
                subject_key=f"trips.vehicle:{vehicle.id}",
                valid_until=slot + timedelta(days=7),
            )
            self._publisher.publish(email)
        if len(due) == CHUNK:
            self._publisher.publish(RemindOfInspections(slot=slot))


def inspections(session: Session) -> Inspections:
    """Put together for a unit of work; in a service this stands in deps.py."""
    return Inspections(InspectionRepository(session), Publisher(session))
