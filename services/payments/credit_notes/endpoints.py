"""/v1/credit-notes, and issuing one for an invoice."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.payments import invoice_deps as deps
from services.payments.auth import PaymentsRead, PaymentsWrite, ReadableOrganization
from services.payments.credit_notes.errors import CreditAboveRemaining, CreditNoteNotFound
from services.payments.credit_notes.models import CreditNote
from services.payments.credit_notes.repository import CreditNoteReader
from services.payments.credit_notes.schemas import CreditedLineOut, CreditNoteDetail, CreditNoteIn, CreditNoteOut
from services.payments.credit_notes.service import found
from services.payments.documents.pdf_repository import PdfReader
from services.payments.invoices.errors import InvoiceNotFound, InvoiceNotIssued, PdfNotRendered, SeriesExhausted
from services.payments.invoices.pdf_endpoints import PDF_ANSWER, pdf_response
from services.payments.paging import after_id
from shared.runtime.db import ReadSession
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

of_invoice = APIRouter(prefix="/v1/invoices", tags=["credit-notes"], route_class=IdempotentRoute)
router = APIRouter(prefix="/v1/credit-notes", tags=["credit-notes"])


@of_invoice.post(
    "/{invoice_id:uuid}/credit-notes",
    name="issue",
    status_code=201,
    summary="Issue a credit note",
    responses=problems(InvoiceNotFound, InvoiceNotIssued, CreditAboveRemaining, SeriesExhausted),
)
async def issue(
    invoice_id: UUID,
    body: CreditNoteIn,
    request: Request,
    response: Response,
    principal: PaymentsWrite,
    db: WriteDb,
    _: Idempotent,
) -> CreditNoteDetail:
    """Takes back lines, pieces or amounts of an issued invoice, never more than is left of it. A refund gives money back; what
    was paid with the customer's credit, and no refund can give back, is their credit again. An order that the invoice bills owes
    as much less."""
    change = deps.change(runtime_of(request).clock, principal, body.note)
    note = await deps.crediting_by_hand(db).issue(invoice_id, principal.organization_id, body.wanted(), change)
    response.headers["Location"] = f"/v1/credit-notes/{note.id}"
    return await _detail(db, note)


@router.get("", name="list", summary="List credit notes")
async def list_credit_notes(
    organization_id: ReadableOrganization, db: ReadDb, paging: Paging, invoice_id: UUID | None = None
) -> Page[CreditNoteOut]:
    """The newest first."""
    rows = await CreditNoteReader(db).newest(
        organization_id=organization_id, invoice_id=invoice_id, after=after_id(paging), limit=paging.fetch
    )
    return paging.page(rows, CreditNoteOut, key=lambda row: (row.id,))


@router.get("/{credit_note_id:uuid}", summary="Read a credit note", responses=problems(CreditNoteNotFound))
async def get(credit_note_id: UUID, principal: PaymentsRead, db: ReadDb) -> CreditNoteDetail:
    """With its lines."""
    return await _detail(db, found(await CreditNoteReader(db).find(credit_note_id, organization_id=principal.organization_id)))


@router.get(
    "/{credit_note_id:uuid}/pdf",
    name="pdf",
    summary="Read a credit note's PDF",
    response_class=Response,
    responses={**PDF_ANSWER, **problems(CreditNoteNotFound, PdfNotRendered)},
)
async def pdf(credit_note_id: UUID, principal: PaymentsRead, db: ReadDb) -> Response:
    """As it was made at its issue. For some seconds after the issue: 409 with `Retry-After`."""
    note = found(await CreditNoteReader(db).find(credit_note_id, organization_id=principal.organization_id))
    return pdf_response(await PdfReader(db, "credit_note").find(credit_note_id), note.number, note.pdf_sha256)


async def _detail(db: ReadSession, note: CreditNote) -> CreditNoteDetail:
    lines = await CreditNoteReader(db).lines(note.id)
    shown = [CreditedLineOut.model_validate(line) for line in lines]
    return CreditNoteDetail(**dict(CreditNoteOut.model_validate(note)), lines=shown)
