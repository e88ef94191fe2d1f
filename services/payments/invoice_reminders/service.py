"""Reminding customers of unpaid invoices: before, on and after the due day, each step once."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.invoice_reminders.models import Reminder
from services.payments.invoice_reminders.repository import ReminderRepository
from services.payments.invoices.documents import recipient
from services.payments.invoices.withdrawal import reminder_key
from shared.contracts.money import Money
from shared.contracts.notifications import SendInvoiceOverdue, SendTemplatedEmail
from shared.contracts.payments import ProcessOverdueInvoices
from shared.runtime.outbox import Publisher

CHUNK: Final = 500
"""So many invoices are touched by one message; the rest by one that follows."""

_VALID: Final = timedelta(days=2)
"""What could not be sent by then is overtaken by the days that it counts."""


class InvoiceReminders:
    """Works in one unit of work."""

    def __init__(self, repository: ReminderRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def remind(self, slot: datetime, after: UUID | None) -> int:
        """Ask for the reminders that have come by `slot`, a chunk per message; returns how many."""
        reminders, last = await self._repository.take(slot, after=after, limit=CHUNK)
        for reminder in reminders:
            notice = _notice(reminder, slot)
            if notice is not None:
                self._publisher.publish(notice)
        if last is not None:
            self._publisher.publish(ProcessOverdueInvoices(slot=slot, after=last))
        return len(reminders)


def _notice(reminder: Reminder, slot: datetime) -> SendTemplatedEmail | SendInvoiceOverdue | None:
    """Up to the due day a mail with the PDF; after it the notice, which goes by SMS as well. None for who cannot be reached."""
    invoice = reminder.invoice
    is_over = reminder.days_overdue > 0
    if invoice.buyer.email is None and not (is_over and invoice.buyer.phone):
        return None
    due = Money(amount_minor=invoice.balance_minor, currency=invoice.currency)
    common = {
        **recipient(invoice),
        "organization_id": invoice.organization_id,
        "subject_key": reminder_key(invoice.id),
        "dedupe_key": f"payments.invoice_reminder:{invoice.id}:{reminder.step}",
        "valid_until": slot + _VALID,
    }
    said = {"invoice_number": invoice.number, "amount_due": due.model_dump(), "due_on": str(invoice.due_on)}
    if is_over:
        overdue = {"invoice_id": str(invoice.id), "days_overdue": reminder.days_overdue}
        return SendInvoiceOverdue.model_validate({**common, **said, **overdue})
    mail = {
        "template_name": "invoice_due",
        "category": "invoices",
        "context": {**said, "days_left": -reminder.days_overdue},
        "attachments": [f"payments.invoice:{invoice.id}"],
    }
    return SendTemplatedEmail.model_validate({**common, **mail})
