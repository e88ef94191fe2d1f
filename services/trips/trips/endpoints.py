"""/v1/trips: request, list, read, change, and what happened to one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.trips import deps
from services.trips.auth import ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.days import Moment
from services.trips.paging import after_id
from services.trips.texts import Reference
from services.trips.trips.errors import NotEditable, NotEnded, StatusForbids, TripNotFound
from services.trips.trips.models import TripStatus
from services.trips.trips.repository import TripFilter, TripReader
from services.trips.trips.schemas import TripChange, TripIn
from services.trips.trips.service import trip_of
from services.trips.trips.shown_schemas import TripEventOut, TripOut, TripSummary, shown
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/trips", tags=["trips"], route_class=IdempotentRoute)

TripId = Annotated[UUID, Path(description="The trip's id.")]


async def _filter(
    status: Annotated[TripStatus | None, Query(description="Only those in this status.")] = None,
    customer: Annotated[Reference | None, Query(description="Only those that this customer pays.")] = None,
    driver_id: Annotated[UUID | None, Query(description="Only those of this driver.")] = None,
    vehicle_id: Annotated[UUID | None, Query(description="Only those of this vehicle.")] = None,
    number: Annotated[str | None, Query(max_length=40, description="Only the one with this number.")] = None,
    since: Annotated[Moment | None, Query(description="Only those whose pickup is planned for then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Only those whose pickup is planned for before then.")] = None,
) -> TripFilter:
    return TripFilter(status, customer, driver_id, vehicle_id, number, since, until)


@router.get("", name="list", summary="List trips")
async def list_trips(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    meant: Annotated[TripFilter, Depends(_filter)],
) -> Page[TripSummary]:
    """The newest first."""
    rows = await TripReader(db).newest(organization_id, meant, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, TripSummary, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Request a trip")
async def request(
    body: TripIn,
    request: Request,
    principal: TripsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> TripOut:
    """It is `requested` until it is scheduled, or `will_call` until the passenger calls."""
    requests = deps.trip_requests(db, runtime_of(request).clock, by=deps.actor(principal))
    trip = await requests.request(organization_id, body)
    response.headers["Location"] = f"/v1/trips/{trip.id}"
    etag.show(trip.version)
    return shown(trip)


@router.get("/{trip_id:uuid}", summary="Read a trip", responses=problems(TripNotFound))
async def get(trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> TripOut:
    """As it is now."""
    trip = await trip_of(TripReader(db), trip_id, organization_id)
    etag.show(trip.version)
    return shown(trip)


@router.patch("/{trip_id:uuid}", summary="Change a trip", responses=problems(TripNotFound, StatusForbids, NotEditable))
async def change(
    trip_id: TripId,
    body: TripChange,
    request: Request,
    principal: TripsWrite,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> TripOut:
    """Everything but its times until somebody is to drive; the drop-off and who travels until it has ended."""
    requests = deps.trip_requests(db, runtime_of(request).clock, by=deps.actor(principal))
    trip = await requests.change(trip_id, principal.organization_id, body, if_match.check)
    etag.show(trip.version)
    return shown(trip)


@router.get("/{trip_id:uuid}/events", summary="List what happened to a trip", responses=problems(TripNotFound))
async def events(trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[TripEventOut]:
    """By whom, why, and what was before and after; the newest first."""
    reader = TripReader(db)
    await trip_of(reader, trip_id, organization_id)
    before = int(str(paging.after[0])) if paging.after else None
    rows = await reader.events(trip_id, before=before, limit=paging.fetch)
    return paging.page(rows, TripEventOut, key=lambda row: (row.number,))


@router.delete(
    "/{trip_id:uuid}/passenger",
    status_code=204,
    summary="Forget a trip's passenger",
    responses=problems(TripNotFound, NotEnded),
)
async def forget_passenger(trip_id: TripId, request: Request, principal: TripsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """Who travelled, from where to where, and all reasons and messages; the trip, its times and its facts stay. The references to
    customer and passenger stay, too: who owns these people forgets them. Positions of the vehicle go after their 30 days."""
    requests = deps.trip_requests(db, runtime_of(request).clock, by=deps.actor(principal))
    await requests.forget_passenger(trip_id, principal.organization_id, if_match.check)
