"""/v1/drivers: create, read, list, change and erase."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.trips import deps
from services.trips.auth import ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.drivers.errors import DriverErased, DriverHasTrips, DriverNotFound
from services.trips.drivers.models import DriverStatus
from services.trips.drivers.repository import DriverReader
from services.trips.drivers.schemas import DriverChange, DriverIn, DriverOut
from services.trips.drivers.service import driver_of
from services.trips.paging import after_id
from services.trips.vehicles.errors import VehicleNotFound
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/drivers", tags=["drivers"], route_class=IdempotentRoute)

DriverId = Annotated[UUID, Path(description="The driver's id.")]


@router.get("", name="list", summary="List drivers")
async def list_drivers(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    status: Annotated[DriverStatus | None, Query(description="Only those in this status.")] = None,
) -> Page[DriverOut]:
    """The newest first; those who have left, too."""
    rows = await DriverReader(db).newest(organization_id, status=status, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, DriverOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a driver", responses=problems(VehicleNotFound))
async def create(
    body: DriverIn,
    request: Request,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> DriverOut:
    """Messages reach them from then on under the reference `trips.driver:<id>`."""
    driver = await deps.drivers(db, runtime_of(request).clock).create(organization_id, body)
    response.headers["Location"] = f"/v1/drivers/{driver.id}"
    etag.show(driver.version)
    return DriverOut.model_validate(driver)


@router.get("/{driver_id:uuid}", summary="Read a driver", responses=problems(DriverNotFound))
async def get(driver_id: DriverId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> DriverOut:
    """As they are now."""
    driver = await driver_of(DriverReader(db), driver_id, organization_id)
    etag.show(driver.version)
    return DriverOut.model_validate(driver)


@router.patch("/{driver_id:uuid}", summary="Change a driver", responses=problems(DriverNotFound, DriverErased, VehicleNotFound))
async def change(
    driver_id: DriverId,
    body: DriverChange,
    request: Request,
    principal: TripsWrite,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> DriverOut:
    """Trips that they have stay theirs, whatever changes."""
    drivers = deps.drivers(db, runtime_of(request).clock)
    driver = await drivers.change(driver_id, principal.organization_id, body, if_match.check)
    etag.show(driver.version)
    return DriverOut.model_validate(driver)


@router.delete(
    "/{driver_id:uuid}",
    status_code=204,
    summary="Erase a driver",
    responses=problems(DriverNotFound, DriverHasTrips),
)
async def erase(driver_id: DriverId, request: Request, principal: TripsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """Name, addresses and licence are forgotten here and wherever messages are sent. The id stays, and so do their trips."""
    await deps.drivers(db, runtime_of(request).clock).erase(driver_id, principal.organization_id, if_match.check)
