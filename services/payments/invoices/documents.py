"""Invoices to be printed, and their customers, who get the PDF once it is there."""

from collections.abc import Sequence
from uuid import UUID

from services.payments.documents.models import Printed
from services.payments.documents.pdf_repository import PdfReader, PdfRepository
from services.payments.invoices.models import Invoice
from services.payments.invoices.printing import printed
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.withdrawal import mail_key
from services.payments.invoices.writing_repository import Change, InvoiceRepository
from shared.contracts.money import Money
from shared.contracts.notifications import SendInvoiceEmail
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher

SYSTEM = "system:documents"


class InvoiceDocuments:
    """The invoices of one unit of work, as `documents/rendering.py` asks for them."""

    def __init__(
        self,
        reader: InvoiceReader,
        repository: InvoiceRepository,
        pdfs: PdfRepository,
        known: PdfReader,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._repository = repository
        self._pdfs = pdfs
        self._known = known
        self._publisher = publisher
        self._clock = clock

    async def printed(self, document_ids: Sequence[UUID]) -> dict[UUID, Printed]:
        """What those of them say that are issued and have no PDF yet."""
        made = await self._known.known(list(document_ids))
        found = {}
        for invoice_id in sorted({*document_ids} - made):
            invoice = await self._reader.find(invoice_id, organization_id=None)
            if invoice is not None and invoice.seller is not None:
                found[invoice_id] = printed(invoice, await self._reader.lines(invoice_id), invoice.seller)
        return found

    async def is_issued(self, document_id: UUID) -> bool:
        """Whether there is such an invoice, and it is no draft."""
        invoice = await self._reader.find(document_id, organization_id=None)
        return invoice is not None and invoice.status != "draft"

    async def keep(self, document_id: UUID, content: bytes) -> None:
        """Write its PDF, unless there is one, and mail it to the customer, unless it is void by now."""
        invoice = await self._repository.lock(document_id, organization_id=None)
        sha256 = await self._pdfs.keep(document_id, content)
        if sha256 is None or invoice is None:
            return
        await self._repository.note_pdf(document_id, sha256, Change(self._clock(), SYSTEM))
        mail = mail_of(invoice)
        if mail is not None and invoice.status == "issued":
            self._publisher.publish(mail)


def mail_of(invoice: Invoice) -> SendInvoiceEmail | None:
    """The mail that brings an issued invoice, once; None where no address is known."""
    if invoice.buyer.email is None:
        return None
    total = Money(amount_minor=invoice.total_minor, currency=invoice.currency)
    return SendInvoiceEmail.model_validate(
        {
            **recipient(invoice),
            "organization_id": invoice.organization_id,
            "subject_key": mail_key(invoice.id),
            "dedupe_key": f"payments.invoice_issued:{invoice.id}",
            "invoice_id": str(invoice.id),
            "invoice_number": invoice.number,
            "total": total,
            "issued_on": invoice.issued_on,
            "due_on": invoice.due_on if invoice.balance_minor else None,
        }
    )


def recipient(invoice: Invoice) -> dict[str, str | None]:
    """Whom messages about an invoice go to: the customer by reference, or else whoever the invoice says."""
    if invoice.customer_id is not None:
        return {"to_person": f"payments.customer:{invoice.customer_id}"}
    return {"to_email": invoice.buyer.email, "to_phone": invoice.buyer.phone, "to_name": invoice.buyer.name}
