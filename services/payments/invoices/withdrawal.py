"""Taking back messages about an invoice that are not sent yet, when what they say is overtaken."""

from uuid import UUID

from services.payments.invoices.writing_repository import InvoiceRepository
from shared.contracts.notifications import CancelMessages
from shared.runtime.outbox import Publisher


def mail_key(invoice_id: UUID) -> str:
    """The subject key of the mail that brings an invoice."""
    return f"payments.invoice:{invoice_id}"


def reminder_key(invoice_id: UUID) -> str:
    """The subject key of an invoice's reminders."""
    return f"payments.invoice_reminder:{invoice_id}"


class Withdrawal:
    """Works in the unit of work of what has overtaken them, under the lock of the invoice."""

    def __init__(self, repository: InvoiceRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def of_reminders(self, invoice_id: UUID, reason: str) -> None:
        """Drop the reminders. No further one is asked for: it looks at the invoice first."""
        await self._drop(reminder_key(invoice_id), reason)

    async def of_all(self, invoice_id: UUID, reason: str) -> None:
        """Drop the mail that brings it as well."""
        await self._drop(reminder_key(invoice_id), reason)
        await self._drop(mail_key(invoice_id), reason)

    async def _drop(self, subject_key: str, reason: str) -> None:
        # The moment after the wait for the lock: what was asked for meanwhile is dropped as well.
        before = await self._repository.moment()
        self._publisher.publish(CancelMessages(subject_key=subject_key, reason=reason, before=before))
