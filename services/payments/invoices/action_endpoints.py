"""What happens to invoices: issued, void, disputed; and the invoice of an order or a trip."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.payments import invoice_deps as deps
from services.payments.auth import PaymentsWrite, WritableOrganization
from services.payments.invoices.endpoints import show
from services.payments.invoices.errors import (
    InvoiceHasMoney,
    InvoiceNotDraft,
    InvoiceNotFound,
    InvoiceNotIssuable,
    InvoiceNotIssued,
    SeriesExhausted,
    SourceNotBillable,
    SourceNotFound,
    SourceNotKnownYet,
)
from services.payments.invoices.schemas import GenerateIn, InvoiceDetail, ReasonIn
from services.payments.legal_entities.errors import LegalEntityIncomplete, NoLegalEntity
from services.payments.tariffs.errors import NoTariff
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/invoices", tags=["invoices"], route_class=IdempotentRoute)

_TO_ISSUE = (InvoiceNotIssuable, LegalEntityIncomplete, SeriesExhausted)
_TO_END = (InvoiceNotFound, InvoiceNotIssued)


@router.post(
    "/generate",
    summary="Invoice an order or a trip",
    responses=problems(SourceNotFound, SourceNotBillable, SourceNotKnownYet, NoTariff, NoLegalEntity, *_TO_ISSUE),
)
async def generate(
    body: GenerateIn,
    request: Request,
    response: Response,
    organization_id: WritableOrganization,
    principal: PaymentsWrite,
    db: WriteDb,
    _: Idempotent,
) -> InvoiceDetail:
    """The same source gives the same invoice. As a message: `payments.generate_invoice`, which waits for a trip."""
    change = deps.change(runtime_of(request).clock, principal)
    generated = await deps.generation(db).generate(body.source(), change, organization_id=organization_id)
    return await show(db, response, generated.invoice_id)


@router.post(
    "/{invoice_id:uuid}/issue", summary="Issue a draft", responses=problems(InvoiceNotFound, InvoiceNotDraft, *_TO_ISSUE)
)
async def issue(
    invoice_id: UUID, request: Request, response: Response, principal: PaymentsWrite, db: WriteDb, _: Idempotent
) -> InvoiceDetail:
    """It gets its number and goes into the ledger; from then on it says what it says. Its PDF follows within seconds."""
    change = deps.change(runtime_of(request).clock, principal)
    await deps.issuing(db).issue(invoice_id, principal.organization_id, change)
    return await show(db, response, invoice_id)


@router.post("/{invoice_id:uuid}/void", summary="Void an invoice", responses=problems(*_TO_END, InvoiceHasMoney))
async def void(
    invoice_id: UUID, body: ReasonIn, request: Request, response: Response, principal: PaymentsWrite, db: WriteDb, _: Idempotent
) -> InvoiceDetail:
    """One that is not paid and not credited. Its number stays taken, and what it was for can be invoiced anew."""
    change = deps.change(runtime_of(request).clock, principal, body.reason)
    await deps.ending(db).void(invoice_id, principal.organization_id, change)
    return await show(db, response, invoice_id)


@router.post("/{invoice_id:uuid}/dispute", summary="Note a dispute", responses=problems(*_TO_END))
async def dispute(
    invoice_id: UUID, body: ReasonIn, request: Request, response: Response, principal: PaymentsWrite, db: WriteDb, _: Idempotent
) -> InvoiceDetail:
    """The customer disputes it: nobody is reminded of it until the dispute has ended."""
    change = deps.change(runtime_of(request).clock, principal, body.reason)
    await deps.ending(db).dispute(invoice_id, principal.organization_id, change, disputed=True)
    return await show(db, response, invoice_id)


@router.post("/{invoice_id:uuid}/end-dispute", summary="End a dispute", responses=problems(*_TO_END))
async def end_dispute(
    invoice_id: UUID, body: ReasonIn, request: Request, response: Response, principal: PaymentsWrite, db: WriteDb, _: Idempotent
) -> InvoiceDetail:
    """Reminding goes on."""
    change = deps.change(runtime_of(request).clock, principal, body.reason)
    await deps.ending(db).dispute(invoice_id, principal.organization_id, change, disputed=False)
    return await show(db, response, invoice_id)
