"""Completed trips by message, and their invoices."""

from services.trips import deps
from shared.contracts.payments import InvoiceIssued
from shared.contracts.trips import ProcessTripCompletion
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ProcessTripCompletion)
async def process_trip_completion(session: Session, received: Received[ProcessTripCompletion]) -> None:
    """Fix the facts of a completed trip, free driver and vehicle, have it invoiced, and tell people."""
    await deps.trip_completion(session).process(received.message.trip_id, received.occurred_at)


@task(InvoiceIssued)
async def confirm_invoice(session: Session, received: Received[InvoiceIssued]) -> None:
    """The invoice of a trip is there."""
    await deps.trip_completion(session).confirm(received.message)
