"""/v1/drivers/{driver_id}/shifts: add, list and delete."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.trips import deps
from services.trips.auth import ReadableOrganization, TripsWrite
from services.trips.days import Moment
from services.trips.drivers.endpoints import DriverId
from services.trips.drivers.errors import DriverErased, DriverNotFound
from services.trips.drivers.repository import DriverReader
from services.trips.drivers.service import driver_of
from services.trips.paging import after_id
from services.trips.shifts.errors import ShiftNotFound, ShiftOverlaps
from services.trips.shifts.repository import ShiftReader
from services.trips.shifts.schemas import ShiftIn, ShiftOut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/drivers/{driver_id:uuid}/shifts", tags=["shifts"])


@router.get("", name="list", summary="List a driver's shifts", responses=problems(DriverNotFound))
async def list_shifts(
    driver_id: DriverId,
    organization_id: ReadableOrganization,
    request: Request,
    db: ReadDb,
    paging: Paging,
    since: Annotated[Moment | None, Query(description="Those that end after this moment; by default those not over.")] = None,
) -> Page[ShiftOut]:
    """In the order in which they were added."""
    await driver_of(DriverReader(db), driver_id, organization_id)
    after, since = after_id(paging), since or runtime_of(request).clock()
    rows = await ShiftReader(db).of_driver(driver_id, ending_after=since, after=after, limit=paging.fetch)
    return paging.page(rows, ShiftOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Add a shift", responses=problems(DriverNotFound, DriverErased, ShiftOverlaps))
async def add(driver_id: DriverId, body: ShiftIn, request: Request, principal: TripsWrite, db: WriteDb) -> ShiftOut:
    """Two of a kind do not overlap, so a repeated request adds nothing and needs no Idempotency-Key."""
    shifts = deps.shifts(db, runtime_of(request).clock, by=deps.actor(principal))
    return ShiftOut.model_validate(await shifts.add(driver_id, principal.organization_id, body))


@router.delete(
    "/{shift_id:uuid}",
    status_code=204,
    summary="Delete a shift",
    responses=problems(DriverNotFound, DriverErased, ShiftNotFound),
)
async def remove(
    driver_id: DriverId,
    shift_id: Annotated[UUID, Path(description="The shift's id.")],
    request: Request,
    principal: TripsWrite,
    db: WriteDb,
) -> None:
    """Trips that the driver has at that time stay theirs."""
    shifts = deps.shifts(db, runtime_of(request).clock, by=deps.actor(principal))
    await shifts.remove(shift_id, driver_id, principal.organization_id)
