"""/v1/manufacturers: who they are, and whether anybody may order there."""

from datetime import date, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.payments import matching_deps as deps
from services.payments.auth import PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.manufacturers.errors import ManufacturerExists, ManufacturerInUse, ManufacturerNotFound
from services.payments.manufacturers.repository import ManufacturerReader
from services.payments.manufacturers.schemas import (
    BlockIn,
    CapabilityName,
    CapacityOut,
    ManufacturerChange,
    ManufacturerIn,
    ManufacturerOut,
    ManufacturerSummary,
    PeriodOut,
)
from services.payments.manufacturers.service import Manufacturers, shown
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

MAX_DAYS: Final = 400

router = APIRouter(prefix="/v1/manufacturers", tags=["manufacturers"])

ManufacturerId = Annotated[UUID, Path(description="The manufacturer's id.")]
Days = Annotated[int, Query(ge=1, le=MAX_DAYS, description="How far to look, from today on.")]


async def manufacturers(request: Request, principal: PaymentsWrite, db: WriteDb) -> Manufacturers:
    """The manufacturers that the caller writes."""
    return deps.manufacturers(db, runtime_of(request).clock, principal)


Writing = Annotated[Manufacturers, Depends(manufacturers)]


@router.get("", name="list", summary="List manufacturers")
async def list_manufacturers(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    capability: Annotated[CapabilityName | None, Query(description="Only those that can make this.")] = None,
    active: Annotated[bool | None, Query(description="Only those that are asked, or only the others.")] = None,
    blocked: Annotated[bool | None, Query(description="Only those that nobody may order from, or only the others.")] = None,
) -> Page[ManufacturerSummary]:
    """The newest first."""
    rows = await ManufacturerReader(db).newest(
        organization_id, capability=capability, active=active, blocked=blocked, after=after_id(paging), limit=paging.fetch
    )
    return paging.page(rows, ManufacturerSummary, key=lambda row: (row.id,))


@router.post("", name="create", status_code=201, summary="Create a manufacturer", responses=problems(ManufacturerExists))
async def create(
    body: ManufacturerIn, writing: Writing, organization_id: WritableOrganization, response: Response, etag: ETag
) -> ManufacturerOut:
    """A code is unique in its organization, so a repeated request creates nothing and needs no Idempotency-Key."""
    one = await writing.create(organization_id, body)
    response.headers["Location"] = f"/v1/manufacturers/{one.id}"
    etag.show(one.version)
    return one


@router.get("/{manufacturer_id:uuid}", name="get", summary="Read a manufacturer", responses=problems(ManufacturerNotFound))
async def get(manufacturer_id: ManufacturerId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> ManufacturerOut:
    """With what it can make, and what its deliveries have shown."""
    one = await shown(ManufacturerReader(db), manufacturer_id, organization_id)
    etag.show(one.version)
    return one


@router.patch("/{manufacturer_id:uuid}", name="update", summary="Change a manufacturer", responses=problems(ManufacturerNotFound))
async def change(
    manufacturer_id: ManufacturerId, body: ManufacturerChange, writing: Writing, if_match: IfMatch, etag: ETag
) -> ManufacturerOut:
    """What is left out stays. Offers that are open stay as they were made."""
    one = await writing.change(manufacturer_id, body, if_match.check)
    etag.show(one.version)
    return one


@router.delete(
    "/{manufacturer_id:uuid}",
    name="delete",
    status_code=204,
    summary="Delete a manufacturer",
    responses=problems(ManufacturerNotFound, ManufacturerInUse),
)
async def delete(manufacturer_id: ManufacturerId, writing: Writing, if_match: IfMatch) -> None:
    """Only while no offer was ever made to it; afterwards it can be made inactive."""
    await writing.delete(manufacturer_id, if_match.check)


@router.post("/{manufacturer_id:uuid}/block", summary="Block a manufacturer", responses=problems(ManufacturerNotFound))
async def block(
    manufacturer_id: ManufacturerId, body: BlockIn, writing: Writing, if_match: IfMatch, etag: ETag
) -> ManufacturerOut:
    """Nobody may order there any more, for sanctions or the like. Its open offers are withdrawn within a minute; what it has
    accepted stays until somebody withdraws it."""
    one = await writing.block(manufacturer_id, body.reason, if_match.check)
    etag.show(one.version)
    return one


@router.post("/{manufacturer_id:uuid}/unblock", summary="Unblock a manufacturer", responses=problems(ManufacturerNotFound))
async def unblock(manufacturer_id: ManufacturerId, writing: Writing, if_match: IfMatch, etag: ETag) -> ManufacturerOut:
    """It is asked again, if it is active."""
    one = await writing.unblock(manufacturer_id, if_match.check)
    etag.show(one.version)
    return one


@router.get("/{manufacturer_id:uuid}/capacity", summary="Read what is reserved", responses=problems(ManufacturerNotFound))
async def capacity(
    manufacturer_id: ManufacturerId, organization_id: ReadableOrganization, request: Request, db: ReadDb, days: Days = 90
) -> CapacityOut:
    """Day by day or week by week, for what is offered and for what was accepted."""
    reader = ManufacturerReader(db)
    await shown(reader, manufacturer_id, organization_id)
    today: date = runtime_of(request).clock().date()
    periods = await reader.periods(manufacturer_id, today - timedelta(days=6), today + timedelta(days=days))
    return CapacityOut(periods=[PeriodOut.model_validate(one) for one in periods])
