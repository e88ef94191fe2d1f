"""Drafts: writing them, changing them, taking them away, and saying what they would come to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.payments.invoices.customer_repository import BuyerReader
from services.payments.invoices.errors import CustomerUnknown, InvoiceNotDraft
from services.payments.invoices.figures import Computed, compute, placed
from services.payments.invoices.figures import missing as missing_of_invoice
from services.payments.invoices.models import Invoice, InvoiceDraft
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.stored import draft_of, found
from services.payments.invoices.writing_repository import Change, InvoiceRepository
from services.payments.legal_entities.models import LegalEntity
from services.payments.legal_entities.service import Sellers
from services.payments.legal_entities.service import missing as missing_of_entity
from shared.runtime.ids import uuid7


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would say now. missing: what keeps it from being issued, each with how to mend it."""

    invoice: Invoice
    entity: LegalEntity
    place_of_supply: str | None
    computed: Computed
    missing: Sequence[str]


class Drafts:
    """Writes drafts. `organization_id` is whose the caller may touch, None for anybody's."""

    def __init__(self, repository: InvoiceRepository, sellers: Sellers, buyers: BuyerReader) -> None:
        self._repository = repository
        self._sellers = sellers
        self._buyers = buyers

    async def create(self, draft: InvoiceDraft, change: Change) -> UUID:
        """A new one. Raises NoLegalEntity, LegalEntityNotFound, CustomerUnknown and what the tax refuses."""
        draft = await self._reachable(draft)
        entity = await self._sellers.of(draft.organization_id, draft.legal_entity_id)
        computed = compute(draft, entity)
        invoice_id = uuid7()
        await self._repository.insert(invoice_id, entity.id, draft, computed.figures, computed.lines, change)
        return invoice_id

    async def lock(self, invoice_id: UUID, organization_id: UUID | None) -> Invoice:
        """To change it. Raises InvoiceNotFound and InvoiceNotDraft."""
        invoice = found(await self._repository.lock(invoice_id, organization_id=organization_id))
        if invoice.status != "draft":
            raise InvoiceNotDraft("the invoice is issued and stays as it is; issue a credit note for what is wrong")
        return invoice

    async def replace(self, invoice: Invoice, draft: InvoiceDraft, change: Change) -> None:
        """What a locked draft says from now on. Raises what `create` raises."""
        draft = await self._reachable(draft)
        entity = await self._sellers.of(draft.organization_id, draft.legal_entity_id)
        computed = compute(draft, entity)
        await self._repository.replace(invoice.id, entity.id, draft, computed.figures, computed.lines, change)

    async def delete(self, invoice: Invoice) -> None:
        """Take a locked draft away."""
        await self._repository.delete(invoice.id)

    async def _reachable(self, draft: InvoiceDraft) -> InvoiceDraft:
        """The draft, and where nothing is said of how its customer is reached, what is on record."""
        if draft.customer_id is None:
            return draft
        customer = await self._buyers.find(draft.customer_id, organization_id=draft.organization_id)
        if customer is None:
            raise CustomerUnknown("the organization has no customer with this id; GET /v1/customers lists them")
        known = {"email": draft.buyer.email or customer.email, "phone": draft.buyer.phone or customer.phone}
        return replace(draft, buyer=draft.buyer.model_copy(update=known))


class Previews:
    """Says what drafts would come to."""

    def __init__(self, reader: InvoiceReader, sellers: Sellers) -> None:
        self._reader = reader
        self._sellers = sellers

    async def of(self, invoice_id: UUID, organization_id: UUID | None) -> Preview:
        """What a draft would say if it were issued now. Raises InvoiceNotFound, InvoiceNotDraft and what the tax refuses."""
        invoice = found(await self._reader.find(invoice_id, organization_id=organization_id))
        if invoice.status != "draft":
            raise InvoiceNotDraft("the invoice is issued; GET /v1/invoices/{id}/pdf shows it")
        entity = await self._sellers.of(invoice.organization_id, invoice.legal_entity_id)
        draft = placed(draft_of(invoice, await self._reader.lines(invoice_id)), entity)
        computed = compute(draft, entity)
        lacking = [f"the legal entity has no {name}" for name in missing_of_entity(entity)]
        lacking += missing_of_invoice(draft, entity, computed.figures)
        return Preview(invoice, entity, draft.place_of_supply, computed, lacking)
