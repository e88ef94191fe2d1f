"""Reminders by message."""

from services.payments import invoice_deps as deps
from shared.contracts.payments import ProcessOverdueInvoices
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ProcessOverdueInvoices)
async def process_overdue_invoices(session: Session, received: Received[ProcessOverdueInvoices]) -> None:
    """Remind of what is due by the slot; one that was sent by hand has no slot, and means its own time."""
    asked = received.message
    await deps.invoice_reminders(session).remind(asked.slot or received.occurred_at, asked.after)
