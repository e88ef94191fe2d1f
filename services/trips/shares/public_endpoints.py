"""/v1/share/{token}: what anybody sees who has a link."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from services.trips import live_deps, share_deps
from services.trips.live import metrics
from services.trips.live.endpoints import SEND_TIMEOUT_S, After, LastEventId
from services.trips.live.errors import TooManyStreams
from services.trips.shares.errors import ShareLinkNotFound, ShareLinkOver
from services.trips.shares.page import page
from shared.runtime.auth.access import public
from shared.runtime.http.event_stream import MEDIA_TYPE, EventStreamResponse
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db

router = APIRouter(
    prefix="/v1/share",
    tags=["share"],
    dependencies=[public("whoever has the link of a trip may see where it is", limit=Limit("share", "300/minute"))],
    responses=problems(ShareLinkNotFound, ShareLinkOver),
)

Token = Annotated[str, Path(max_length=100, description="What the link ends in.", examples=["q2w…"])]
_HEADERS: Final = {"X-Robots-Tag": "noindex", "Cache-Control": "no-store"}
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
    **problems(TooManyStreams),
}


@router.get("/{token}", name="page", summary="Show a shared trip", response_class=HTMLResponse)
async def show_page(token: Token, request: Request, db: Db) -> Response:
    """A page with a map that follows the trip. It works without tiles, and takes nothing from elsewhere."""
    runtime = runtime_of(request)
    await share_deps.enter(db, runtime.clock, token)
    html, policy = page(share_deps.tiles(runtime))
    return Response(html, media_type="text/html", headers=_HEADERS | {"Content-Security-Policy": policy})


@router.get("/{token}/live", name="follow", summary="Follow a shared trip", responses=_STREAM, response_class=EventStreamResponse)
async def follow_shared(
    token: Token, request: Request, db: Db, after: After = None, last_event_id: LastEventId = None
) -> EventStreamResponse:
    """As a trip is followed otherwise, without its number, reasons and messages. Lasts a minute at a time, so that a link that is
    revoked or over shows nothing any more; browsers come again by themselves."""
    runtime = runtime_of(request)
    shared = await share_deps.enter(db, runtime.clock, token)
    stream = live_deps.shared_stream(runtime)
    return EventStreamResponse(
        stream.frames([str(shared.trip.id)], last_event_id or after, shared.until, "ended"),
        send_timeout_s=runtime.settings.scaled(SEND_TIMEOUT_S),
        on_cut_off=metrics.CUT_OFF.labels("slow").inc,
    )
