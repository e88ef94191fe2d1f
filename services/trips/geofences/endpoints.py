"""/v1/geofences: areas that are watched. /v1/geofence-events: who has entered, left and stayed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.trips import deps, geofence_deps
from services.trips.auth import ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.geofences.errors import GeofenceNameTaken, GeofenceNotFound
from services.trips.geofences.models import EventKind
from services.trips.geofences.repository import GeofenceReader
from services.trips.geofences.schemas import GeofenceEventOut, GeofenceIn, GeofenceOut
from services.trips.geofences.service import geofence_of
from services.trips.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/geofences", tags=["geofences"])
events = APIRouter(prefix="/v1/geofence-events", tags=["geofence events"])

GeofenceId = Annotated[UUID, Path(description="The geofence's id.")]


@router.get("", name="list", summary="List geofences")
async def list_geofences(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[GeofenceOut]:
    """The oldest first."""
    rows = await GeofenceReader(db).oldest(organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, GeofenceOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a geofence", responses=problems(GeofenceNameTaken))
async def create(
    body: GeofenceIn,
    request: Request,
    principal: TripsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
) -> GeofenceOut:
    """A name is there once in an organization, so a repeated request creates nothing and needs no Idempotency-Key."""
    geofences = geofence_deps.geofences(db, runtime_of(request).clock, by=deps.actor(principal))
    created = await geofences.create(organization_id, body)
    response.headers["Location"] = f"/v1/geofences/{created.id}"
    etag.show(created.version)
    return GeofenceOut.model_validate(created)


@router.get("/{geofence_id:uuid}", summary="Read a geofence", responses=problems(GeofenceNotFound))
async def get(geofence_id: GeofenceId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> GeofenceOut:
    """As it is now."""
    found = await geofence_of(GeofenceReader(db), geofence_id, organization_id)
    etag.show(found.version)
    return GeofenceOut.model_validate(found)


@router.put("/{geofence_id:uuid}", summary="Replace a geofence", responses=problems(GeofenceNotFound, GeofenceNameTaken))
async def replace(
    geofence_id: GeofenceId,
    body: GeofenceIn,
    request: Request,
    principal: TripsWrite,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> GeofenceOut:
    """What has happened at the old shape stays. Who is within the new one without having crossed its edge has not entered."""
    geofences = geofence_deps.geofences(db, runtime_of(request).clock, by=deps.actor(principal))
    replaced = await geofences.replace(geofence_id, principal.organization_id, body, if_match.check)
    etag.show(replaced.version)
    return GeofenceOut.model_validate(replaced)


@router.delete("/{geofence_id:uuid}", status_code=204, summary="Delete a geofence", responses=problems(GeofenceNotFound))
async def remove(geofence_id: GeofenceId, request: Request, principal: TripsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """It is watched no more; its events stay."""
    geofences = geofence_deps.geofences(db, runtime_of(request).clock, by=deps.actor(principal))
    await geofences.remove(geofence_id, principal.organization_id, if_match.check)


@events.get("", name="list", summary="List who crossed geofences")
async def list_events(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    geofence_id: Annotated[UUID | None, Query(description="Only at this one.")] = None,
    vehicle_id: Annotated[UUID | None, Query(description="Only of this vehicle.")] = None,
    trip_id: Annotated[UUID | None, Query(description="Only on this trip.")] = None,
    kind: Annotated[EventKind | None, Query(description="Only those of this kind.")] = None,
) -> Page[GeofenceEventOut]:
    """In the order in which they were noted, the newest first."""
    wanted = {"geofence_id": geofence_id, "vehicle_id": vehicle_id, "trip_id": trip_id, "kind": kind}
    rows = await GeofenceReader(db).events(organization_id, wanted, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, GeofenceEventOut, key=lambda row: (row.id,))
