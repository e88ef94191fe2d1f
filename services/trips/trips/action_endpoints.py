"""/v1/trips/{trip_id}/…: what people do about a trip."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.trips import deps
from services.trips.auth import TripsWrite
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import HasReturn, ReasonMissing, StatusForbids, StillUnderWay, TimesImpossible, TripNotFound
from services.trips.trips.models import Step, Trip
from services.trips.trips.schemas import ReturnIn, ScheduleIn, StepIn
from services.trips.trips.shown_schemas import TripOut, shown
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/trips", tags=["trips"], route_class=IdempotentRoute)


class Desk:
    """Changes one trip for a request, and shows what it has become."""

    def __init__(self, request: Request, principal: TripsWrite, db: WriteDb, etag: ETag) -> None:
        clock = runtime_of(request).clock
        self.organization_id = principal.organization_id
        self.by = deps.actor(principal)
        self.now = clock()
        self.steps = deps.trip_steps(db)
        self.requests = deps.trip_requests(db, clock, by=self.by)
        self._etag = etag

    def step(self, body: StepIn) -> Step:
        """What the request says of itself."""
        return Step(self.by, body.acting_as, self.now, body.reason, body.details())

    def as_operator(self) -> Step:
        """A step of the dispatcher's own."""
        return Step(self.by, "operator", self.now)

    def show(self, trip: Trip) -> TripOut:
        """The trip as it is now, with its tag."""
        self._etag.show(trip.version)
        return shown(trip)


AtDesk = Annotated[Desk, Depends(made(Desk))]


@router.post(
    "/{trip_id:uuid}/return", status_code=201, summary="Request the way back", responses=problems(TripNotFound, HasReturn)
)
async def request_return(trip_id: TripId, body: ReturnIn, response: Response, desk: AtDesk, _: Idempotent) -> TripOut:
    """The same trip the other way round: at a time, or when the passenger calls."""
    back = await desk.requests.request_return(trip_id, desk.organization_id, body)
    response.headers["Location"] = f"/v1/trips/{back.id}"
    return desk.show(back)


@router.post(
    "/{trip_id:uuid}/schedule",
    summary="Schedule a trip",
    responses=problems(TripNotFound, StatusForbids, TimesImpossible),
)
async def schedule(trip_id: TripId, body: ScheduleIn, desk: AtDesk, if_match: IfMatch) -> TripOut:
    """Plan its times, also for one whose passenger has called. One that somebody is to drive is taken back first. Repeated it
    plans the same again, so it needs no key."""
    return desk.show(await desk.steps.schedule(trip_id, desk.organization_id, body, desk.as_operator(), if_match.check))


@router.post(
    "/{trip_id:uuid}/steps",
    summary="Take the next step",
    responses=problems(TripNotFound, StatusForbids, ReasonMissing, StillUnderWay),
)
async def take_step(trip_id: TripId, body: StepIn, desk: AtDesk, if_match: IfMatch) -> TripOut:
    """What is possible depends on the status and on who acts; nobody sets out whose driver or vehicle is still out for another
    trip. Repeated it is refused, so it needs no Idempotency-Key."""
    return desk.show(await desk.steps.move(trip_id, desk.organization_id, body.status, desk.step(body), if_match.check))
