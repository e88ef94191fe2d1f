"""Completed trips by message."""

from collections.abc import Sequence

from services.payments import invoice_deps as deps
from shared.contracts.trips import TripCompleted
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(TripCompleted)
async def store_billable_trips(session: Session, received: Sequence[Received[TripCompleted]]) -> None:
    """Keep what trips are billed by; `payments.generate_invoice` bills them."""
    await deps.billable_trips(session).store(one.message for one in received)
