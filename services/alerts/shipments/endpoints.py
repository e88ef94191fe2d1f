"""/v1/shipments: one by one and in lists."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.alerts import deps
from services.alerts.auth import AlertsWrite, ReadableOrganization, WritableOrganization
from services.alerts.paging import after_id
from services.alerts.shipments.errors import (
    DuplicateReference,
    HoldDates,
    HoldInForce,
    HoldNotFound,
    HoldReleased,
    IllegalTransition,
    ShipmentInUse,
    ShipmentNotFound,
)
from services.alerts.shipments.filter_models import ShipmentFilter
from services.alerts.shipments.repository import ShipmentReader
from services.alerts.shipments.schemas import (
    HoldCreate,
    HoldOut,
    HoldRelease,
    ShipmentCreate,
    ShipmentDetail,
    ShipmentOut,
    ShipmentUpdate,
)
from services.alerts.shipments.service import shipment_detail
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch, etag_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

# The converters leave /v1/shipments/import to its own endpoint, whatever the method.
router = APIRouter(prefix="/v1/shipments", tags=["shipments"])

ShipmentId = Annotated[UUID, Path(description="The shipment's id.")]
HoldId = Annotated[UUID, Path(description="The hold's id.")]


async def filter_of_query(meant: Annotated[ShipmentFilter, Query()]) -> ShipmentFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


Meant = Annotated[ShipmentFilter, Depends(filter_of_query)]


@router.get("", name="list", summary="List shipments")
async def list_shipments(organization_id: ReadableOrganization, db: ReadDb, paging: Paging, meant: Meant) -> Page[ShipmentOut]:
    """The newest first."""
    rows = await ShipmentReader(db).newest(meant, organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, ShipmentOut, key=lambda row: (row.id,))


@router.post("", name="create", status_code=201, summary="Create a shipment", responses=problems(DuplicateReference))
async def create_shipment(
    body: ShipmentCreate,
    principal: AlertsWrite,
    organization_id: WritableOrganization,
    db: WriteDb,
    response: Response,
) -> ShipmentDetail:
    """A reference is unique in its organization, so a repeated request creates nothing and needs no Idempotency-Key."""
    shipment = await deps.shipments(db, principal).create(organization_id, body)
    response.headers["Location"] = f"/v1/shipments/{shipment.id}"
    response.headers["ETag"] = etag_of(shipment.version)
    return shipment


@router.get("/{shipment_id:uuid}", name="get", summary="Read a shipment", responses=problems(ShipmentNotFound))
async def get_shipment(shipment_id: ShipmentId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> ShipmentDetail:
    """With every ETA that we were told, and its holds."""
    shipment = await shipment_detail(ShipmentReader(db), shipment_id, organization_id)
    etag.show(shipment.version)
    return shipment


@router.patch(
    "/{shipment_id:uuid}", name="update", summary="Change a shipment", responses=problems(ShipmentNotFound, IllegalTransition)
)
async def update_shipment(
    shipment_id: ShipmentId, body: ShipmentUpdate, principal: AlertsWrite, db: WriteDb, if_match: IfMatch, response: Response
) -> ShipmentDetail:
    """What is left out stays. Another ETA is a new revision, from which every step of its policy can be reached anew."""
    shipment = await deps.shipments(db, principal).change(shipment_id, body, if_match.check)
    response.headers["ETag"] = etag_of(shipment.version)
    return shipment


@router.delete(
    "/{shipment_id:uuid}",
    name="delete",
    status_code=204,
    summary="Delete a shipment",
    responses=problems(ShipmentNotFound, ShipmentInUse),
)
async def delete_shipment(shipment_id: ShipmentId, principal: AlertsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """Only while no alert was raised for it; afterwards it can be cancelled."""
    await deps.shipments(db, principal).delete(shipment_id, if_match.check)


@router.post(
    "/{shipment_id:uuid}/holds",
    name="place_hold",
    status_code=201,
    summary="Place a hold",
    responses=problems(ShipmentNotFound, HoldInForce, HoldDates),
)
async def place_hold(
    shipment_id: ShipmentId, body: HoldCreate, request: Request, principal: AlertsWrite, db: WriteDb, response: Response
) -> HoldOut:
    """A kind of hold is in force once at a time, so a repeated request places nothing."""
    today = runtime_of(request).clock().date()
    hold = await deps.shipments(db, principal).place_hold(shipment_id, body, today=today)
    response.headers["Location"] = f"/v1/shipments/{shipment_id}"
    return HoldOut.model_validate(hold)


@router.post(
    "/{shipment_id:uuid}/holds/{hold_id:uuid}/release",
    name="release_hold",
    summary="Release a hold",
    responses=problems(ShipmentNotFound, HoldNotFound, HoldReleased, HoldDates),
)
async def release_hold(
    shipment_id: ShipmentId, hold_id: HoldId, body: HoldRelease, request: Request, principal: AlertsWrite, db: WriteDb
) -> HoldOut:
    """It stays in the shipment's list, with the day of its end."""
    today = runtime_of(request).clock().date()
    hold = await deps.shipments(db, principal).release_hold(shipment_id, hold_id, body.released_on, today=today)
    return HoldOut.model_validate(hold)
