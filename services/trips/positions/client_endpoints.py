"""Where clients report that people already have, each on its own path and with the answers of its own server."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar, Final

import orjson
from fastapi import APIRouter, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from services.trips import position_deps
from services.trips.auth import limit_guesses, shown_token
from services.trips.positions import osmand, owntracks
from services.trips.positions.own_points import unreadable
from services.trips.positions.point_models import Point, PointUnreadable, Refusal, Reporter
from services.trips.positions.recording import Outcome
from shared.runtime.auth.access import public
from shared.runtime.http.error_handlers import refusal_of
from shared.runtime.http.problems import headers_of
from shared.runtime.http.rate_limits import UNLIMITED
from shared.runtime.http.runtime import runtime_of

MAX_BODY_BYTES: Final = 64_000
_JSON: Final = "application/json"


class ClientRoute(APIRoute):
    """Says by status alone what went wrong, for these clients cannot read a problem."""

    nothing: ClassVar[bytes] = b""
    media: ClassVar[str | None] = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_theirs(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                refusal = refusal_of(request, error)
                if refusal is None:
                    raise
                # What does not even fit the path or the query is to their servers what they do not know.
                status = 400 if isinstance(error, RequestValidationError) else refusal.status
                return Response(self.nothing, status, headers=dict(headers_of(refusal)), media_type=self.media)

        return handle_as_theirs


class OwnTracksRoute(ClientRoute):
    """Says it with an empty list of things for the phone to do."""

    nothing = b"[]"
    media = "application/json"


osmand_router = APIRouter(
    tags=["clients"],
    route_class=ClientRoute,
    dependencies=[public("OsmAnd and Traccar Client name their device, whose token is in the URL", limit=UNLIMITED)],
)
owntracks_router = APIRouter(
    tags=["clients"],
    route_class=OwnTracksRoute,
    dependencies=[public("OwnTracks names its device and shows a token as its password", limit=UNLIMITED)],
)

Token = Annotated[str, Path(max_length=100, description="Of the device, as the client cannot send it otherwise.")]


def _says(media: str | None, **meanings: str) -> dict[int | str, dict[str, Any]]:
    """What a client's own server answers, by status. media: None where it answers nothing else."""
    content: dict[str, Any] = {"content": {media: {}}} if media else {}
    return {int(status[1:]): {"description": text, **content} for status, text in meanings.items()}


_OSMAND: Final = _says(
    None,
    s200="Taken, known already, or dropped for a reason that sending it again does not mend.",
    s400="The device is missing or unknown (query), or this is no position.",
    s404="The device is unknown (JSON).",
    s503="Not taken: the database is away, or more waits than can be written. Send it again.",
)
_OWNTRACKS: Final = _says(
    _JSON,
    s200="Done with: an empty list of things for the phone to do.",
    s400="The body cannot be read, or names no user and device.",
    s401="The device is unknown, or its token is missing or wrong.",
    s503="Not taken: the database is away, or more waits than can be written. The phone keeps it and sends it again.",
)


@osmand_router.get(
    "/osmand", name="osmand_query", summary="Take a position of OsmAnd", responses=_OSMAND, response_class=Response
)
async def take_osmand_query(request: Request) -> Response:
    """Its pairs in the query: `id`, `lat`, `lon`, `timestamp`, `speed` in knots, …"""
    return await _osmand(request, shown_token(request))


@osmand_router.get(
    "/osmand/{token}",
    name="osmand_query_token",
    summary="Take a position with a token",
    responses=_OSMAND,
    response_class=Response,
)
async def take_osmand_query_with_token(request: Request, token: Token) -> Response:
    """As `/osmand`, for a device that needs its token."""
    return await _osmand(request, token)


@osmand_router.post(
    "/osmand",
    name="osmand",
    summary="Take a position of Traccar Client",
    responses=_OSMAND,
    response_class=Response,
    max_body_size=MAX_BODY_BYTES,
)
async def take_osmand(request: Request) -> Response:
    """Its JSON, the pairs of a form, or those of the query."""
    return await _osmand(request, shown_token(request))


@osmand_router.post(
    "/osmand/{token}",
    name="osmand_token",
    summary="Take a position of Traccar Client with a token",
    responses=_OSMAND,
    response_class=Response,
    max_body_size=MAX_BODY_BYTES,
)
async def take_osmand_with_token(request: Request, token: Token) -> Response:
    """As `/osmand`, for a device that needs its token."""
    return await _osmand(request, token)


@owntracks_router.post(
    "/pub",
    name="owntracks",
    summary="Take a message of OwnTracks",
    responses=_OWNTRACKS,
    response_class=Response,
    max_body_size=MAX_BODY_BYTES,
)
async def take_owntracks(request: Request) -> Response:
    """One JSON object. Positions are kept; everything else is acknowledged and left alone."""
    body = await request.body()
    if not body.strip():
        return _list()
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _list(400)
    return await _owntracks(request, message)


async def _osmand(request: Request, token: str | None) -> Response:
    body = await request.body()
    if request.headers.get("content-type", "").lower().startswith(_JSON):
        return await _traccar_json(request, body, token)
    pairs = osmand.pairs_of(request.url.query or body.decode("utf-8", "replace"))
    reporter = await _known(request, osmand.identifier_of(pairs), pairs.get("token") or token)
    if reporter is None:
        return Response(status_code=400)
    try:
        point = osmand.read_pairs(pairs, runtime_of(request).clock())
    except PointUnreadable as error:
        shown = {name: value for name, value in pairs.items() if name != "token"}
        return await _drop(request, reporter, unreadable(shown, error, "osmand"), error)
    return await _taken(request, reporter, point)


async def _traccar_json(request: Request, body: bytes, token: str | None) -> Response:
    try:
        name, location = osmand.read_json(orjson.loads(body))
    except (orjson.JSONDecodeError, PointUnreadable):
        return Response(status_code=400)
    reporter = await _known(request, name, token)
    if reporter is None:
        return Response(status_code=404)
    try:
        point = osmand.read_location(location, runtime_of(request).clock())
    except PointUnreadable as error:
        return await _drop(request, reporter, unreadable(location, error, "traccar"), error)
    return await _taken(request, reporter, point)


async def _owntracks(request: Request, message: Any) -> Response:
    if isinstance(message, dict) and message.get("_type") == "encrypted":
        # Taken for read it would be lost; refused, the phone keeps it until its key is removed.
        return _list(400)
    name, password = owntracks.identity_of(request.headers, request.query_params, message)
    if name is None:
        return _list(400)
    reporter = await _known(request, name, password, "owntracks")
    if reporter is None:
        return _list(401, {"WWW-Authenticate": 'Basic realm="waybill"'})
    if owntracks.is_location(message):
        await _take(request, reporter, _location(message))
    return _list()


def _location(message: dict[str, Any]) -> Point | Refusal:
    try:
        return owntracks.read_location(message)
    except PointUnreadable as error:
        return unreadable(message, error, "owntracks")


async def _known(request: Request, name: str | None, token: str | None, protocol: Any = "osmand") -> Reporter | None:
    recognition = position_deps.recognition(runtime_of(request))
    reporter = await recognition.by_identifier(protocol, name, token) if name else None
    if reporter is None:
        await limit_guesses(request)
    return reporter


async def _take(request: Request, reporter: Reporter, point: Point | Refusal) -> Outcome:
    (outcome,) = await position_deps.ingest(runtime_of(request)).take([(reporter, point)])
    return outcome


async def _taken(request: Request, reporter: Reporter, point: Point | None) -> Response:
    if point is not None:
        await _take(request, reporter, point)
    return Response(status_code=200)


async def _drop(request: Request, reporter: Reporter, refusal: Refusal, error: PointUnreadable) -> Response:
    await _take(request, reporter, refusal)
    return Response(status_code=200 if isinstance(error, osmand.NotValid) else 400)


def _list(status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(b"[]", status, headers=headers, media_type=_JSON)
