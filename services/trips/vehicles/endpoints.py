"""/v1/vehicles: create, read, list and change."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.trips import deps
from services.trips.auth import ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.paging import after_id
from services.trips.vehicles.errors import PlateTaken, VehicleCarriesNobody, VehicleHasTrips, VehicleNotFound
from services.trips.vehicles.models import VehicleStatus
from services.trips.vehicles.repository import VehicleReader
from services.trips.vehicles.schemas import VehicleChange, VehicleIn, VehicleOut
from services.trips.vehicles.service import vehicle_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/vehicles", tags=["vehicles"])

VehicleId = Annotated[UUID, Path(description="The vehicle's id.")]


@router.get("", name="list", summary="List vehicles")
async def list_vehicles(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    status: Annotated[VehicleStatus | None, Query(description="Only those in this status.")] = None,
) -> Page[VehicleOut]:
    """The newest first; retired ones, too."""
    rows = await VehicleReader(db).newest(organization_id, status=status, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, VehicleOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a vehicle", responses=problems(PlateTaken, VehicleCarriesNobody))
async def create(
    body: VehicleIn,
    request: Request,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
) -> VehicleOut:
    """A plate is unique in its organization, so a repeated request creates nothing and needs no Idempotency-Key."""
    vehicle = await deps.vehicles(db, runtime_of(request).clock).create(organization_id, body)
    response.headers["Location"] = f"/v1/vehicles/{vehicle.id}"
    etag.show(vehicle.version)
    return VehicleOut.model_validate(vehicle)


@router.get("/{vehicle_id:uuid}", summary="Read a vehicle", responses=problems(VehicleNotFound))
async def get(vehicle_id: VehicleId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> VehicleOut:
    """As it is now."""
    vehicle = await vehicle_of(VehicleReader(db), vehicle_id, organization_id)
    etag.show(vehicle.version)
    return VehicleOut.model_validate(vehicle)


@router.patch(
    "/{vehicle_id:uuid}",
    summary="Change a vehicle",
    responses=problems(VehicleNotFound, VehicleCarriesNobody, VehicleHasTrips, PlateTaken),
)
async def change(
    vehicle_id: VehicleId,
    body: VehicleChange,
    request: Request,
    principal: TripsWrite,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> VehicleOut:
    """Trips that it has stay its, whatever changes."""
    vehicles = deps.vehicles(db, runtime_of(request).clock)
    vehicle = await vehicles.change(vehicle_id, principal.organization_id, body, if_match.check)
    etag.show(vehicle.version)
    return VehicleOut.model_validate(vehicle)
