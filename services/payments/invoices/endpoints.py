"""/v1/invoices: drafts, and reading. What issues and ends them is in `action_endpoints.py`, files are in `pdf_endpoints.py`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.payments import invoice_deps as deps
from services.payments.auth import PaymentsRead, PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.invoices.errors import CustomerUnknown, InvoiceNotDraft, InvoiceNotFound
from services.payments.invoices.filter_models import InvoiceFilter
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.schemas import (
    ChangeOut,
    InvoiceDetail,
    InvoiceIn,
    InvoiceOut,
    LineOut,
    PreviewOut,
    detail,
)
from services.payments.invoices.stored import found
from services.payments.legal_entities.errors import LegalEntityNotFound, NoLegalEntity
from services.payments.money.words import in_words
from services.payments.paging import after_id
from services.payments.tax.errors import InvalidSupply, UnknownState
from shared.contracts.money import Money
from shared.runtime.db import ReadSession
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch, etag_of
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/invoices", tags=["invoices"], route_class=IdempotentRoute)

_TO_WRITE = (CustomerUnknown, LegalEntityNotFound, NoLegalEntity, UnknownState, InvalidSupply)


async def filter_of_query(meant: Annotated[InvoiceFilter, Query()]) -> InvoiceFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


Meant = Annotated[InvoiceFilter, Depends(filter_of_query)]


@router.get("", name="list", summary="List invoices")
async def list_invoices(organization_id: ReadableOrganization, db: ReadDb, paging: Paging, meant: Meant) -> Page[InvoiceOut]:
    """The newest first."""
    rows = await InvoiceReader(db).newest(meant, organization_id=organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, InvoiceOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Write a draft", responses=problems(*_TO_WRITE))
async def create(
    body: InvoiceIn,
    request: Request,
    response: Response,
    organization_id: WritableOrganization,
    principal: PaymentsWrite,
    db: WriteDb,
    _: Idempotent,
) -> InvoiceDetail:
    """It has no number until it is issued."""
    change = deps.change(runtime_of(request).clock, principal)
    invoice_id = await deps.drafts(db).create(body.draft(organization_id), change)
    response.headers["Location"] = f"/v1/invoices/{invoice_id}"
    return await show(db, response, invoice_id)


@router.get("/{invoice_id:uuid}", summary="Read an invoice", responses=problems(InvoiceNotFound))
async def get(invoice_id: UUID, principal: PaymentsRead, db: ReadDb, etag: ETag) -> InvoiceDetail:
    """With its lines."""
    reader = InvoiceReader(db)
    invoice = found(await reader.find(invoice_id, organization_id=principal.organization_id))
    etag.show(invoice.version)
    return detail(invoice, invoice.seller, await reader.lines(invoice_id))


@router.put("/{invoice_id:uuid}", summary="Change a draft", responses=problems(InvoiceNotFound, InvoiceNotDraft, *_TO_WRITE))
async def replace(
    invoice_id: UUID,
    body: InvoiceIn,
    request: Request,
    response: Response,
    principal: PaymentsWrite,
    db: WriteDb,
    if_match: IfMatch,
) -> InvoiceDetail:
    """All of it; what is left out is taken away."""
    drafts = deps.drafts(db)
    invoice = await drafts.lock(invoice_id, principal.organization_id)
    if_match.check(invoice.version)
    await drafts.replace(invoice, body.draft(invoice.organization_id), deps.change(runtime_of(request).clock, principal))
    return await show(db, response, invoice_id)


@router.delete(
    "/{invoice_id:uuid}", status_code=204, summary="Delete a draft", responses=problems(InvoiceNotFound, InvoiceNotDraft)
)
async def delete(invoice_id: UUID, principal: PaymentsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """One that is issued stays."""
    drafts = deps.drafts(db)
    invoice = await drafts.lock(invoice_id, principal.organization_id)
    if_match.check(invoice.version)
    await drafts.delete(invoice)


@router.get("/{invoice_id:uuid}/preview", summary="Preview a draft", responses=problems(InvoiceNotFound, InvoiceNotDraft))
async def preview(invoice_id: UUID, principal: PaymentsRead, db: ReadDb) -> PreviewOut:
    """What it would come to if it were issued now, and what keeps it from being issued."""
    found_now = await deps.previews(db).of(invoice_id, principal.organization_id)
    figures = found_now.computed.figures
    total = Money(amount_minor=figures.total_minor, currency=found_now.invoice.currency)
    return PreviewOut(
        can_be_issued=not found_now.missing,
        missing=list(found_now.missing),
        taxable_minor=figures.taxable_minor,
        tax_minor=figures.tax_minor,
        charged_tax_minor=figures.charged_tax_minor,
        round_off_minor=figures.round_off_minor,
        total_minor=figures.total_minor,
        total_in_words=in_words(total),
        lines=[LineOut.model_validate(line) for line in found_now.computed.lines],
    )


@router.get("/{invoice_id:uuid}/changes", summary="Read an invoice's history", responses=problems(InvoiceNotFound))
async def changes(invoice_id: UUID, principal: PaymentsRead, db: ReadDb, paging: Paging) -> Page[ChangeOut]:
    """What happened to it since its issue, the newest first. Nothing of it is ever changed or removed."""
    reader = InvoiceReader(db)
    found(await reader.find(invoice_id, organization_id=principal.organization_id))
    before = int(str(paging.after[0])) if paging.after is not None else None
    rows = await reader.changes(invoice_id, before=before, limit=paging.fetch)
    return paging.page(rows, ChangeOut, key=lambda row: (row.number,))


async def show(db: ReadSession, response: Response, invoice_id: UUID) -> InvoiceDetail:
    """An invoice that was just written, with its entity tag."""
    reader = InvoiceReader(db)
    invoice = found(await reader.find(invoice_id, organization_id=None))
    response.headers["ETag"] = etag_of(invoice.version)
    return detail(invoice, invoice.seller, await reader.lines(invoice_id))
