"""/v1/tariffs: versions of tariffs, what a trip would cost; /v1/billable-trips: what trips has told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.payments import invoice_deps as deps
from services.payments.actors import actor
from services.payments.auth import OneOrganization, PaymentsRead, PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.paging import after_id
from services.payments.tariffs.errors import NoTariff, TariffNotFound, TariffTooEarly, TariffVersionExists
from services.payments.tariffs.pricing import price, tariff_for
from services.payments.tariffs.repository import TariffReader
from services.payments.tariffs.schemas import QuoteIn, QuoteOut, QuotePart, TariffIn, TariffOut, TripOut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/tariffs", tags=["tariffs"], route_class=IdempotentRoute)
trips = APIRouter(prefix="/v1/billable-trips", tags=["billable-trips"])


@router.get("", name="list", summary="List tariffs")
async def list_tariffs(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    mobility: Annotated[str | None, Query(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")] = None,
) -> Page[TariffOut]:
    """All versions, those that were published last first."""
    rows = await TariffReader(db).newest(
        organization_id=organization_id, mobility=mobility, after=after_id(paging), limit=paging.fetch
    )
    return paging.page(rows, TariffOut, key=lambda row: (row.id,))


@router.post(
    "", name="publish", status_code=201, summary="Publish a tariff", responses=problems(TariffTooEarly, TariffVersionExists)
)
async def publish(
    body: TariffIn,
    request: Request,
    response: Response,
    organization_id: WritableOrganization,
    principal: PaymentsWrite,
    db: WriteDb,
    _: Idempotent,
) -> TariffOut:
    """A version that holds from `valid_from` on, for trips that are completed then or later."""
    service = deps.tariffs(db, runtime_of(request).clock)
    rates = body.rates.rates()
    version = await service.publish(organization_id, body.mobility, body.valid_from, rates, by=actor(principal))
    response.headers["Location"] = f"/v1/tariffs/{version.id}"
    return TariffOut.of(version)


@router.get("/{tariff_id:uuid}", summary="Read a tariff", responses=problems(TariffNotFound))
async def get(tariff_id: UUID, principal: PaymentsRead, db: ReadDb) -> TariffOut:
    """One version."""
    version = await TariffReader(db).find(tariff_id, organization_id=principal.organization_id)
    if version is None:
        raise TariffNotFound("there is no tariff with this id; GET /v1/tariffs lists those that you may see")
    return TariffOut.of(version)


@router.post("/quote", name="quote", summary="Price a trip", responses=problems(NoTariff))
async def quote(body: QuoteIn, request: Request, organization_id: OneOrganization, db: ReadDb) -> QuoteOut:
    """What a trip would cost before tax, by the tariff that holds at a moment. Nothing is written."""
    at = body.at or runtime_of(request).clock()
    version = await tariff_for(TariffReader(db), organization_id, body.mobility, at)
    parts = price(body.facts(), version.rates)
    return QuoteOut(
        tariff_id=version.id,
        currency=version.rates.currency,
        parts=[QuotePart.model_validate(part) for part in parts],
        taxable_minor=sum(part.amount_minor for part in parts),
        tax_rate_bp=version.rates.tax_rate_bp,
    )


@trips.get("", name="list", summary="List billable trips")
async def list_trips(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[TripOut]:
    """The newest first. `POST /v1/invoices/generate` or the message `payments.generate_invoice` bills one."""
    rows = await TariffReader(db).trips(organization_id=organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page([TripOut.of(row) for row in rows], TripOut, key=lambda row: (row.trip_id,))
