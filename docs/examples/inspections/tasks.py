"""Inspections by message."""

from collections.abc import Sequence

from docs.examples.inspections.contracts import PruneInspections, RecordInspection, RecordOdometer, RemindOfInspections
from docs.examples.inspections.service import inspections
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task, task_many


@task(RecordInspection)
async def record_inspection(session: Session, received: Received[RecordInspection]) -> None:
    """Write an inspection under the message's id, and report its defect."""
    await inspections(session).record(received.id, received.message)


@task_many(RecordOdometer)
async def record_odometers(session: Session, received: Sequence[Received[RecordOdometer]]) -> None:
    """Keep each vehicle's newest reading, one statement for the whole batch."""
    await inspections(session).note_odometers([one.message for one in received])


@task(PruneInspections)
async def prune_inspections(session: Session, received: Received[PruneInspections]) -> None:
    """Delete what was too old at the slot; one that was sent by hand has no slot, and means its own time."""
    await inspections(session).prune(received.message.slot or received.occurred_at)


@task(RemindOfInspections)
async def remind_of_inspections(session: Session, received: Received[RemindOfInspections]) -> None:
    """Write to the owners of vehicles whose period has run out."""
    await inspections(session).remind(received.message.slot or received.occurred_at)
