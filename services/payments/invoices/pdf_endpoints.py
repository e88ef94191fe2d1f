"""PDFs of invoices, files of the register, and the audit of numbers."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from services.payments import invoice_deps as deps
from services.payments.auth import PaymentsRead, ReadableOrganization
from services.payments.documents.drawing import drawn
from services.payments.documents.pdf_repository import PdfReader
from services.payments.invoices.day_models import Day
from services.payments.invoices.errors import InvoiceNotDraft, InvoiceNotFound, PdfNotRendered
from services.payments.invoices.printing import preview_of
from services.payments.invoices.register_repository import Days
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.schemas import AuditOut
from services.payments.invoices.stored import found, require_number
from shared.runtime.http.csv_file import MEDIA_TYPE, attachment, csv_answer
from shared.runtime.http.problems import problems
from shared.runtime.http.session import Db, ReadDb

PDF: Final = "application/pdf"
RETRY_AFTER_S: Final = 5
PDF_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The PDF.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
_REGISTER_ANSWER: Final = csv_answer("kind,number,date,status,due_on,buyer,…\r\n")
_RETURN_ANSWER: Final = csv_answer("Section,GSTIN/UIN of Recipient,Receiver Name,Invoice Number,…\r\n")

router = APIRouter(prefix="/v1/invoices", tags=["invoices"])


async def days(
    organization_id: ReadableOrganization,
    issued_from: Annotated[Day, Query(description="The first day of issue.")],
    issued_to: Annotated[Day, Query(description="The last day of issue.")],
) -> Days:
    """The days that a file is about."""
    return Days(organization_id, issued_from, issued_to)


MeantDays = Annotated[Days, Depends(days)]


@router.get(
    "/register.csv", name="register", summary="Export the register", response_class=StreamingResponse, responses=_REGISTER_ANSWER
)
async def register(meant: MeantDays, db: Db) -> StreamingResponse:
    """Invoices and credit notes by day of issue, those that are void as well. Amounts of credit notes are below nothing.

    An answer that is cut off is not the whole file.
    """
    parts = await deps.register_export(db).register(meant)
    return StreamingResponse(parts, media_type=MEDIA_TYPE, headers=attachment("invoices.csv"))


@router.get("/gstr1.csv", name="gstr1", summary="Export for GSTR-1", response_class=StreamingResponse, responses=_RETURN_ANSWER)
async def gstr1(meant: MeantDays, db: Db) -> StreamingResponse:
    """Outward supplies by document and rate, with the columns of the return and the table that each belongs to."""
    parts = await deps.register_export(db).gstr1(meant)
    return StreamingResponse(parts, media_type=MEDIA_TYPE, headers=attachment("gstr1.csv"))


@router.get("/number-audit", name="number_audit", summary="Prove the numbers")
async def number_audit(organization_id: ReadableOrganization, db: ReadDb) -> AuditOut:
    """Whether any number is missing, repeated or backdated, in every series and year; of one snapshot."""
    return AuditOut.model_validate(await deps.number_audits(db).look(organization_id), from_attributes=True)


@router.get(
    "/{invoice_id:uuid}/pdf",
    name="pdf",
    summary="Read an invoice's PDF",
    response_class=Response,
    responses={**PDF_ANSWER, **problems(InvoiceNotFound, PdfNotRendered)},
)
async def pdf(invoice_id: UUID, principal: PaymentsRead, db: ReadDb) -> Response:
    """As it was made at its issue; never made anew. For some seconds after the issue: 409 with `Retry-After`."""
    invoice = found(await InvoiceReader(db).find(invoice_id, organization_id=principal.organization_id))
    number = require_number(invoice)
    content = await PdfReader(db, "invoice").find(invoice_id)
    return pdf_response(content, number, invoice.pdf_sha256)


@router.get(
    "/{invoice_id:uuid}/preview.pdf",
    name="preview_pdf",
    summary="Preview a draft as a PDF",
    response_class=Response,
    responses={**PDF_ANSWER, **problems(InvoiceNotFound, InvoiceNotDraft)},
)
async def preview_pdf(invoice_id: UUID, principal: PaymentsRead, db: ReadDb) -> Response:
    """What it would look like, marked as a draft; nothing is kept."""
    preview = await deps.previews(db).of(invoice_id, principal.organization_id)
    content = await drawn(preview_of(preview))
    return Response(content, media_type=PDF, headers=_inline("draft.pdf"))


def pdf_response(content: bytes | None, number: str, sha256: str | None) -> Response:
    """The PDF of a document under its number, with its hash as entity tag. Raises PdfNotRendered while it is being made."""
    if content is None:
        raise PdfNotRendered(
            f"the PDF is made within seconds of the issue; try again in {RETRY_AFTER_S} s",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    headers = _inline(f"{number.replace('/', '-')}.pdf")
    return Response(content, media_type=PDF, headers={**headers, "ETag": f'"{sha256}"', "Cache-Control": "private, no-cache"})


def _inline(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'inline; filename="{name}"'}
