"""Issuing: an invoice gets its number, goes into the ledger and is told of, in one transaction.

The counter's row is locked from the taking of the number to the commit, so the number is taken last, and nothing is called
outside meanwhile; the PDF is made by the event's own handler.
"""

from datetime import timedelta
from uuid import UUID

from services.payments.invoices.errors import InvoiceNotDraft
from services.payments.invoices.figures import Computed, compute, placed, require_issuable
from services.payments.invoices.models import Invoice, InvoiceDraft
from services.payments.invoices.numbering import financial_year, shown
from services.payments.invoices.party_models import Seller
from services.payments.invoices.posting import issued
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.stored import draft_of, found
from services.payments.invoices.writing_repository import Change, InvoiceRepository
from services.payments.ledger.repository import Ledger
from services.payments.legal_entities.models import LegalEntity
from services.payments.legal_entities.service import Sellers, require_complete
from services.payments.periods.zones import day_at
from shared.contracts.money import Money
from shared.contracts.payments import InvoiceIssued
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher


class Issuing:
    """Works in one unit of work: invoice, lines, number, postings and event are committed together."""

    def __init__(
        self, reader: InvoiceReader, repository: InvoiceRepository, sellers: Sellers, ledger: Ledger, publisher: Publisher
    ) -> None:
        self._reader = reader
        self._repository = repository
        self._sellers = sellers
        self._ledger = ledger
        self._publisher = publisher

    async def issue_new(self, draft: InvoiceDraft, change: Change) -> tuple[Invoice, bool]:
        """Issue what has not been written before, and whether it is new: its source may have an invoice already.

        Raises what `issue` raises, and NoLegalEntity.
        """
        entity = await self._sellers.of(draft.organization_id, draft.legal_entity_id)
        draft = placed(draft, entity)
        computed = _checked(draft, entity)
        invoice_id = uuid7()
        if not await self._repository.insert(invoice_id, entity.id, draft, computed.figures, computed.lines, change):
            existing = await self._reader.of_source(draft.source)
            assert existing is not None, "only the key of its source can stand in the way"
            return existing, False
        return await self._number(invoice_id, draft, entity, computed, change), True

    async def issue(self, invoice_id: UUID, organization_id: UUID | None, change: Change) -> Invoice:
        """Issue a draft, with the tax that its seller owes now.

        Raises InvoiceNotFound, InvoiceNotDraft, InvoiceNotIssuable, LegalEntityIncomplete, SeriesExhausted, and what the tax
        refuses.
        """
        invoice = found(await self._repository.lock(invoice_id, organization_id=organization_id))
        if invoice.status != "draft":
            raise InvoiceNotDraft(f"the invoice is issued already, as {invoice.number}")
        entity = await self._sellers.of(invoice.organization_id, invoice.legal_entity_id)
        draft = placed(draft_of(invoice, await self._reader.lines(invoice_id)), entity)
        computed = _checked(draft, entity)
        await self._repository.replace(invoice_id, entity.id, draft, computed.figures, computed.lines, change)
        return await self._number(invoice_id, draft, entity, computed, change)

    async def _number(
        self, invoice_id: UUID, draft: InvoiceDraft, entity: LegalEntity, computed: Computed, change: Change
    ) -> Invoice:
        day = day_at(change.at, entity.time_zone)
        year = financial_year(day, entity.financial_year_start_month)
        number = await self._repository.take_number(entity.id, entity.invoice_prefix, year, day)
        terms_days = entity.terms_days if draft.terms_days is None else draft.terms_days
        due_on = number.issued_on + timedelta(days=terms_days)
        await self._repository.issue(invoice_id, number, shown(number), due_on, Seller.of(entity), change)
        invoice = await self._reader.find(invoice_id, organization_id=None)
        assert invoice is not None, "it was written above"
        await self._ledger.post([issued(invoice, computed.lines)])
        self._publisher.publish(_event(invoice))
        return invoice


def _checked(draft: InvoiceDraft, entity: LegalEntity) -> Computed:
    require_complete(entity)
    computed = compute(draft, entity)
    require_issuable(draft, entity, computed.figures)
    return computed


def _event(invoice: Invoice) -> InvoiceIssued:
    assert invoice.number is not None, "an issued invoice has its number and moment"
    assert invoice.issued_at is not None, "as above"
    return InvoiceIssued(
        invoice_id=invoice.id,
        organization_id=invoice.organization_id,
        number=invoice.number,
        total=Money(amount_minor=invoice.total_minor, currency=invoice.currency),
        issued_at=invoice.issued_at,
        order_id=invoice.order_id,
        subscription_id=invoice.subscription_id,
        period_start=invoice.period_start,
        trip_id=invoice.trip_id,
    )
