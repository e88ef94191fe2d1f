"""/v1/trips/{trip_id}/live, /v1/live: what becomes of trips, as server-sent events."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request

from services.trips import live_deps
from services.trips.auth import Following, Ticketed
from services.trips.live import metrics
from services.trips.live.errors import TooManyStreams, TooManyTrips
from services.trips.live.schemas import TicketOut
from services.trips.live.tickets import GOOD_FOR_S
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from shared.runtime.auth.access import public
from shared.runtime.errors import Forbidden, Unauthenticated
from shared.runtime.http.event_stream import MEDIA_TYPE, EventStreamResponse
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import runtime_of

MOST_TRIPS: Final = 200
SEND_TIMEOUT_S: Final = 20.0
"""Who takes nothing for so long is let go, and comes again with the last id."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
# Wide, because all screens of a company come from one address, and come again all at once when a server restarts.
_OPEN: Final = public(
    "a token or a one-time ticket is asked for below, for browsers cannot send both", limit=Limit("live", "6000/minute")
)
_EXAMPLE: Final = """retry: 2000

event: snapshot
data: {"trips": [{"trip_id": "019a…", "status": "onboard", "version": 6, "history": […], "position": {…}}]}
id: 4f1c09aa.1772442000000-0

event: position
data: {"trip_id": "019a…", "recorded_at": "2026-11-20T06:00:01Z", "latitude": 19.05, "longitude": 72.83, …}
id: 4f1c09aa.1772442001180-0

event: eta
data: {"trip_id": "019a…", "next_place": "dropoff", "arrives_at": "2026-11-20T06:14:00Z", "fix_age_s": 4, …}

event: status
data: {"trip_id": "019a…", "version": 7, "status": "at_dropoff", "previous_status": "onboard", …}
id: 4f1c09aa.1772442004210-0

"""
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events, until the client goes, its token expires or is revoked, or an hour is over.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    **problems(TripNotFound, Unauthenticated, Forbidden, TooManyStreams),
}

router = APIRouter(prefix="/v1", tags=["live"])

LastEventId = Annotated[str | None, Header(max_length=60, description="As browsers send it when they come again.")]
After = Annotated[str | None, Query(max_length=60, description="The same, for clients that cannot send the header at first.")]


@may_answer(TooManyTrips)
async def named_trips(
    _: Following,
    trips: Annotated[str, Query(max_length=10_000, description="Ids of trips, with commas between them; at most 200.")],
) -> Sequence[str]:
    """The trips of a query. Raises TooManyTrips and TripNotFound."""
    found = sorted({part.strip().lower() for part in trips.split(",") if part.strip()})
    if len(found) > MOST_TRIPS:
        raise TooManyTrips(f"one stream follows {MOST_TRIPS} trips at most; open another one")
    if not found or not all(_UUID.fullmatch(part) for part in found):
        raise TripNotFound("trips must be ids of trips, with commas between them")
    return found


@router.post("/live/tickets", status_code=201, name="ticket", summary="Ask for a ticket")
async def issue_ticket(follower: Ticketed, request: Request) -> TicketOut:
    """For browsers, whose EventSource sends no header: `?ticket=…` opens one stream within a minute, with the caller's rights."""
    runtime = runtime_of(request)
    ticket = await live_deps.tickets(runtime).issue(follower)
    return TicketOut(ticket=ticket, expires_at=runtime.clock() + timedelta(seconds=GOOD_FOR_S))


@router.get(
    "/trips/{trip_id:uuid}/live",
    name="trip",
    summary="Follow a trip",
    responses=_STREAM,
    response_class=EventStreamResponse,
    dependencies=[_OPEN],
)
async def follow_trip(
    trip_id: TripId,
    follower: Following,
    request: Request,
    after: After = None,
    last_event_id: LastEventId = None,
) -> EventStreamResponse:
    """`snapshot`, then `position` at most twice a second, each `status`, and `eta` twice a minute.

    Whoever comes again with the last id gets what came meanwhile; where that is not known any more, `reset` and a new snapshot.
    """
    return await _stream(request, follower, [str(trip_id)], last_event_id or after)


@router.get(
    "/live",
    name="trips",
    summary="Follow several trips",
    responses=_STREAM,
    response_class=EventStreamResponse,
    dependencies=[_OPEN],
)
async def follow_trips(
    follower: Following,
    trips: Annotated[Sequence[str], Depends(named_trips)],
    request: Request,
    after: After = None,
    last_event_id: LastEventId = None,
) -> EventStreamResponse:
    """The same for up to 200 trips over one connection, because a browser opens six to a server."""
    return await _stream(request, follower, trips, last_event_id or after)


async def _stream(request: Request, follower: Following, trips: Sequence[str], after: str | None) -> EventStreamResponse:
    runtime = runtime_of(request)
    stream = live_deps.live_stream(runtime)
    if not await stream.are_visible(trips, follower.organization_id):
        raise TripNotFound("there is no such trip; GET /v1/trips lists those that there are")

    async def check() -> None:
        if follower.shown is not None:
            await runtime.authenticator.check_again(follower.shown)

    return EventStreamResponse(
        stream.frames(trips, after, follower.until, check=check),
        send_timeout_s=runtime.settings.scaled(SEND_TIMEOUT_S),
        on_cut_off=metrics.CUT_OFF.labels("slow").inc,
    )
