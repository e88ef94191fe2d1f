"""Ends of issued invoices: void, and disputes."""

from uuid import UUID

from services.payments.invoices.errors import InvoiceHasMoney
from services.payments.invoices.models import Invoice
from services.payments.invoices.posting import voided
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.stored import found, in_force
from services.payments.invoices.withdrawal import Withdrawal
from services.payments.invoices.writing_repository import Change, InvoiceRepository
from services.payments.ledger.repository import Ledger


class Ending:
    """Works in one unit of work. `organization_id` is whose the caller may touch, None for anybody's."""

    def __init__(self, reader: InvoiceReader, repository: InvoiceRepository, ledger: Ledger, withdrawal: Withdrawal) -> None:
        self._reader = reader
        self._repository = repository
        self._ledger = ledger
        self._withdrawal = withdrawal

    async def void(self, invoice_id: UUID, organization_id: UUID | None, change: Change) -> Invoice:
        """Take an unpaid invoice out of force. Its number stays taken, and what it was for can be invoiced anew.

        Raises InvoiceNotFound, InvoiceNotIssued and InvoiceHasMoney.
        """
        invoice = in_force(await self._repository.lock(invoice_id, organization_id=organization_id))
        if invoice.paid_minor or invoice.credited_minor:
            raise InvoiceHasMoney("the invoice is paid or credited in part; issue a credit note for what is left")
        await self._repository.void(invoice_id, change)
        await self._ledger.reverse(voided(invoice, await self._reader.lines(invoice_id), change.at))
        await self._withdrawal.of_all(invoice_id, "the invoice is void")
        return await self._again(invoice_id)

    async def dispute(self, invoice_id: UUID, organization_id: UUID | None, change: Change, *, disputed: bool) -> Invoice:
        """Note that the customer disputes it, which ends reminding, or no longer does.

        Raises InvoiceNotFound and InvoiceNotIssued.
        """
        invoice = in_force(await self._repository.lock(invoice_id, organization_id=organization_id))
        if (invoice.disputed_at is not None) == disputed:
            return invoice
        await self._repository.dispute(invoice_id, change, disputed=disputed)
        if disputed:
            await self._withdrawal.of_reminders(invoice_id, "the invoice is disputed")
        return await self._again(invoice_id)

    async def _again(self, invoice_id: UUID) -> Invoice:
        return found(await self._reader.find(invoice_id, organization_id=None))
