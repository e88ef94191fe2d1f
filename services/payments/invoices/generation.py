"""The invoice of an order, of a subscription's period or of a trip: issued once, whoever asks and however often."""

from typing import Protocol
from uuid import UUID

from services.payments.invoices.errors import SourceNotFound
from services.payments.invoices.issuing import Issuing
from services.payments.invoices.models import Invoice, Source
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.sources import Sources
from services.payments.invoices.writing_repository import Change
from shared.contracts.money import Money
from shared.contracts.payments import GeneratedInvoice


class EarlierRefunds(Protocol):
    """Whoever takes refunds off invoices."""

    async def take_back_earlier(self, source: Source, invoice_id: UUID, change: Change) -> None:
        """Take off what an order or a period was refunded before it was invoiced."""
        ...


class Generation:
    """Works in one unit of work."""

    def __init__(self, reader: InvoiceReader, sources: Sources, issuing: Issuing, refunds: EarlierRefunds) -> None:
        self._reader = reader
        self._sources = sources
        self._issuing = issuing
        self._refunds = refunds

    async def generate(self, source: Source, change: Change, *, organization_id: UUID | None = None) -> GeneratedInvoice:
        """Issue the source's invoice, or answer the one that it has. Raises what sources and issuing refuse.

        organization_id: whose it must be; SourceNotFound where it is another's.
        """
        existing = await self._reader.of_source(source)
        if existing is not None:
            _require_own(existing.organization_id, organization_id)
            return _answer(existing, created=False)
        draft = await self._sources.draft(source)
        _require_own(draft.organization_id, organization_id)
        invoice, created = await self._issuing.issue_new(draft, change)
        if created and draft.prepaid_minor:
            await self._refunds.take_back_earlier(source, invoice.id, change)
        return _answer(invoice, created=created)


def _require_own(owner: UUID, organization_id: UUID | None) -> None:
    if organization_id not in (None, owner):
        raise SourceNotFound("there is nothing with this id that this organization could invoice")


def _answer(invoice: Invoice, *, created: bool) -> GeneratedInvoice:
    assert invoice.number is not None, "an invoice with a source is written and issued in one transaction"
    assert invoice.issued_at is not None, "as above"
    return GeneratedInvoice(
        invoice_id=invoice.id,
        number=invoice.number,
        total=Money(amount_minor=invoice.total_minor, currency=invoice.currency),
        issued_at=invoice.issued_at,
        created=created,
    )
