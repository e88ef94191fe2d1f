"""Invoices by message."""

from typing import Any, Final

from services.payments import invoice_deps as deps
from services.payments.documents.rendering import PdfRendering
from services.payments.invoices.models import Source
from services.payments.invoices.writing_repository import Change
from shared.contracts.payments import AuditInvoiceNumbers, GenerateInvoice, InvoiceIssued, RenderInvoicePdf
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task

SYSTEM: Final = "system:generate_invoice"


@task(GenerateInvoice)
async def generate_invoice(session: Session, received: Received[GenerateInvoice]) -> dict[str, Any]:
    """Issue a source's invoice, or answer the one that it has."""
    asked = received.message
    source = Source(asked.order_id, asked.subscription_id, asked.period_start, asked.trip_id)
    generated = await deps.generation(session).generate(source, Change(received.occurred_at, SYSTEM))
    return generated.model_dump(mode="json")


@effect(InvoiceIssued)
def render_issued_invoice(runtime: ProcessRuntime) -> PdfRendering:
    """Makes the PDF of an invoice that was just issued, and mails it."""
    return deps.invoice_rendering(runtime)


@effect(RenderInvoicePdf)
def render_invoice_pdf(runtime: ProcessRuntime) -> PdfRendering:
    """The same, by hand, for one whose PDF could not be made then."""
    return deps.invoice_rendering(runtime)


@task(AuditInvoiceNumbers)
async def audit_invoice_numbers(session: Session, _: Received[AuditInvoiceNumbers]) -> dict[str, Any]:
    """Prove that no number is missing or there twice; fails where one is, so that it stands among the dead letters."""
    audit = await deps.number_audits(session).prove()
    return audit.answer()
