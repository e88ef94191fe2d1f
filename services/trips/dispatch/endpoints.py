"""/v1/trips/{trip_id}/candidates, /offer and /assignments: who drives a trip. /v1/dispatch-settings: how that is settled."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.trips import deps
from services.trips.auth import OneOrganization, ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.dispatch.errors import AlreadyBound, NobodyAvailable, NoOffer, NotAvailable, OfferOver
from services.trips.dispatch.repository import AssignmentReader
from services.trips.dispatch.schemas import (
    AnswerIn,
    AssignmentOut,
    Availability,
    DispatchSettingsIn,
    DispatchSettingsOut,
    OfferIn,
    RefusalIn,
    TakeBackIn,
)
from services.trips.dispatch.settings_service import settings_of
from services.trips.drivers.errors import DriverNotFound
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import StatusForbids, TripNotFound
from services.trips.trips.models import ActorRole, Step, Trip
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from services.trips.trips.shown_schemas import TripOut, shown
from services.trips.vehicles.errors import VehicleNotFound
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch, IfMatchUnlessNew
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/trips/{trip_id:uuid}", tags=["dispatch"])
settings = APIRouter(prefix="/v1/dispatch-settings", tags=["dispatch"])


class Desk:
    """Dispatches one trip for a request, and shows what it has become."""

    def __init__(self, request: Request, principal: TripsWrite, db: WriteDb, etag: ETag) -> None:
        self.organization_id = principal.organization_id
        self.dispatch = deps.dispatch(db)
        self._by = deps.actor(principal)
        self._now = runtime_of(request).clock()
        self._etag = etag

    def step(self, role: ActorRole, reason: str | None = None) -> Step:
        """What the request says of itself."""
        return Step(self._by, role, self._now, reason)

    def show(self, trip: Trip) -> TripOut:
        """The trip as it is now, with its tag."""
        self._etag.show(trip.version)
        return shown(trip)


AtDesk = Annotated[Desk, Depends(made(Desk))]
_TO_OFFER = problems(TripNotFound, StatusForbids, DriverNotFound, VehicleNotFound, NotAvailable, NobodyAvailable, AlreadyBound)


@router.get("/candidates", summary="Find who can do a trip", responses=problems(TripNotFound, StatusForbids))
async def candidates(trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: ReadDb) -> Availability:
    """All drivers and vehicles, with what stands in their way, and the pairs that can do it, the best suited first."""
    return await deps.availability(db).of(trip_id, organization_id, runtime_of(request).clock())


@router.get("/assignments", summary="List to whom a trip was offered", responses=problems(TripNotFound))
async def assignments(trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb) -> list[AssignmentOut]:
    """The newest first, with what they said."""
    await trip_of(TripReader(db), trip_id, organization_id)
    return [AssignmentOut.model_validate(one) for one in await AssignmentReader(db).of_trip(trip_id)]


@router.post("/offer", summary="Offer a trip to a driver", responses=_TO_OFFER)
async def offer(trip_id: TripId, body: OfferIn, desk: AtDesk, if_match: IfMatch) -> TripOut:
    """To those who are named, or to the best suited. They are told, and bound until they answer or the time is over. Repeated it
    is refused, because the trip is assigned, so it needs no Idempotency-Key."""
    return desk.show(await desk.dispatch.offer(trip_id, desk.organization_id, body, desk.step("operator"), if_match.check))


@router.post("/offer/accept", summary="Accept an offer", responses=problems(TripNotFound, StatusForbids, NoOffer, OfferOver))
async def accept(trip_id: TripId, body: AnswerIn, desk: AtDesk, if_match: IfMatch) -> TripOut:
    """For the driver. Repeated it is refused."""
    step = desk.step("operator" if body.by_operator else "driver")
    return desk.show(await desk.dispatch.accept(trip_id, desk.organization_id, step, if_match.check))


@router.post("/offer/decline", summary="Decline an offer", responses=problems(TripNotFound, StatusForbids, NoOffer))
async def decline(trip_id: TripId, body: RefusalIn, desk: AtDesk, if_match: IfMatch) -> TripOut:
    """For the driver. The trip is the next candidate's at once, where the offer seeks one and there is one."""
    step = desk.step("operator" if body.by_operator else "driver", body.reason)
    return desk.show(await desk.dispatch.decline(trip_id, desk.organization_id, step, if_match.check))


@router.post("/take-back", summary="Take a trip back from its driver", responses=problems(TripNotFound, StatusForbids, NoOffer))
async def take_back(trip_id: TripId, body: TakeBackIn, desk: AtDesk, if_match: IfMatch) -> TripOut:
    """Until the passenger is on board. The driver is told; one who gives it back is followed by the next candidate."""
    step = desk.step("driver" if body.by_driver else "operator", body.reason)
    return desk.show(await desk.dispatch.take_back(trip_id, desk.organization_id, step, if_match.check))


@settings.get("", summary="Read the settings of dispatch")
async def get_settings(organization_id: OneOrganization, db: ReadDb, etag: ETag) -> DispatchSettingsOut:
    """Those that hold; the defaults as version 0 where nobody has written any."""
    found = await settings_of(AssignmentReader(db), organization_id)
    etag.show(found.version)
    return found


@settings.put("", summary="Write the settings of dispatch")
async def put_settings(
    body: DispatchSettingsIn,
    request: Request,
    principal: TripsWrite,
    organization_id: WritableOrganization,
    db: WriteDb,
    if_match: IfMatchUnlessNew,
    etag: ETag,
) -> DispatchSettingsOut:
    """The first time without If-Match. Trips that are planned keep their times."""
    changes = deps.dispatch_settings_changes(db, runtime_of(request).clock, by=deps.actor(principal))
    kept = await changes.put(organization_id, body, if_match.check)
    etag.show(kept.version)
    return DispatchSettingsOut.model_validate(kept)
