"""/v1/trips/{trip_id}/share-links, /v1/share-links/{id}: who may hand out links of a trip."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.trips import deps, share_deps
from services.trips.auth import ReadableOrganization, TripsWrite
from services.trips.shares.errors import ShareLinkNotFound, TooManyLinks, TripOver
from services.trips.shares.repository import ShareReader
from services.trips.shares.schemas import ShareLinkOut, ShareLinkWithPath
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1", tags=["share-links"])


@router.post(
    "/trips/{trip_id:uuid}/share-links",
    status_code=201,
    name="create",
    summary="Share a trip",
    responses=problems(TripNotFound, TripOver, TooManyLinks),
)
async def create_link(
    trip_id: TripId, principal: TripsWrite, request: Request, response: Response, db: WriteDb
) -> ShareLinkWithPath:
    """A link by which anybody sees how the trip stands and where the vehicle is, until 30 minutes after its end.

    Its path is in this answer alone. Repeated it makes another link, and does no harm.
    """
    shares = share_deps.shares(db, runtime_of(request).clock, by=deps.actor(principal))
    link, token = await shares.create(trip_id, principal.organization_id)
    response.headers["Location"] = f"/v1/trips/{trip_id}/share-links"
    return ShareLinkWithPath(**ShareLinkOut.model_validate(link).model_dump(), path=f"/v1/share/{token}")


@router.get("/trips/{trip_id:uuid}/share-links", name="list", summary="List a trip's links", responses=problems(TripNotFound))
async def list_links(trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb) -> list[ShareLinkOut]:
    """The newest first, revoked ones as well; 20 at most. Where they lead is not known any more."""
    await trip_of(TripReader(db), trip_id, organization_id)
    return [ShareLinkOut.model_validate(link) for link in await ShareReader(db).of_trip(trip_id)]


@router.post("/share-links/{link_id:uuid}/revoke", name="revoke", summary="Revoke a link", responses=problems(ShareLinkNotFound))
async def revoke_link(
    link_id: Annotated[UUID, Path(description="The link's id.")], principal: TripsWrite, request: Request, db: WriteDb
) -> ShareLinkOut:
    """It shows nothing from now on; who looks at it just then is cut off within a minute. Doing it again does no harm."""
    shares = share_deps.shares(db, runtime_of(request).clock, by=deps.actor(principal))
    return ShareLinkOut.model_validate(await shares.revoke(link_id, principal.organization_id))
