"""/v1/positions: devices report where their vehicles are."""

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from services.trips import position_deps
from services.trips.auth import DEVICE_TOKEN, reporting_device
from services.trips.positions.batches import LINES, MAX_BYTES, read_batch
from services.trips.positions.errors import BatchUnreadable, PositionRefused, TooManyPoints, UnknownBatchType
from services.trips.positions.own_points import read_point, unreadable
from services.trips.positions.point_models import Point, PointUnreadable, Refusal
from services.trips.positions.recording import Outcome
from services.trips.positions.schemas import BatchTaken, Rejected, Taken
from shared.runtime.auth.access import public
from shared.runtime.errors import Unauthenticated
from shared.runtime.http.errors import BadRequest
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import UNLIMITED
from shared.runtime.http.runtime import runtime_of

MAX_POINT_BYTES: Final = 20_000
MAX_REJECTIONS: Final = 1000
_EXAMPLE: Final[dict[str, Any]] = {
    "recorded_at": "2026-11-20T06:00:00Z",
    "latitude": 19.0544,
    "longitude": 72.8277,
    "speed_mps": 8.3,
    "heading_deg": 174,
    "accuracy_m": 6,
}
_NUMBER: Final = {"type": ["number", "null"]}
_POINT: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["recorded_at", "latitude", "longitude"],
    "properties": {
        "recorded_at": {"type": "string", "format": "date-time"},
        "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        "longitude": {"type": "number", "minimum": -180, "maximum": 180},
        "speed_mps": _NUMBER | {"minimum": 0, "maximum": 1000},
        "heading_deg": _NUMBER | {"minimum": 0, "maximum": 360, "description": "Clockwise from north."},
        "altitude_m": _NUMBER | {"minimum": -1000, "maximum": 100_000},
        "accuracy_m": _NUMBER | {"minimum": 0, "maximum": 1_000_000},
        "battery_ratio": _NUMBER | {"minimum": 0, "maximum": 1},
        "trip_id": {
            "type": ["string", "null"],
            "format": "uuid",
            "description": "Left out, it is the trip that the vehicle drives at that time.",
        },
        "attributes": {"type": ["object", "null"], "description": "Texts, numbers and booleans, 2000 bytes at most."},
    },
}
_ONE: Final = DEVICE_TOKEN | {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _POINT, "example": _EXAMPLE}}}
}
_MANY: Final = DEVICE_TOKEN | {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "array", "maxItems": 100_000, "items": _POINT}, "example": [_EXAMPLE]},
            LINES[0]: {"schema": {"type": "string"}, "example": orjson.dumps(_EXAMPLE).decode()},
        },
    }
}

router = APIRouter(
    prefix="/v1/positions",
    tags=["positions"],
    dependencies=[public("devices show a token of their own, which the gate below checks", limit=UNLIMITED)],
    responses=problems(Unauthenticated),
)


_OUTCOMES: Final = {outcome: orjson.dumps({"outcome": outcome}) for outcome in ("accepted", "duplicate")}


@router.post(
    "",
    name="report",
    summary="Report a position",
    openapi_extra=_ONE,
    response_class=Response,
    responses={200: {"model": Taken}, **problems(PositionRefused, BadRequest)},
    max_body_size=MAX_POINT_BYTES,
)
async def report(request: Request) -> Response:
    """The answer comes once it is durable. Repeated it is a `duplicate`, so it needs no Idempotency-Key."""
    # Called and not declared: of a request that is asked a thousand times a second, resolving dependencies is the larger half.
    reporter = await reporting_device(request)
    (outcome,) = await position_deps.ingest(runtime_of(request)).take([(reporter, _point(await request.body()))])
    if isinstance(outcome, Refusal):
        raise PositionRefused(outcome.detail, reason=outcome.reason)
    return Response(_OUTCOMES[outcome], media_type="application/json")


@router.post(
    "/batch",
    name="report_batch",
    summary="Report many positions",
    openapi_extra=_MANY,
    responses=problems(UnknownBatchType, BatchUnreadable, TooManyPoints),
    max_body_size=MAX_BYTES,
)
async def report_batch(request: Request) -> BatchTaken:
    """A JSON array, or NDJSON; at most 100,000. What is wrong with one is said of that one, and the others are taken."""
    reporter = await reporting_device(request)
    points = await read_batch(await request.body(), request.headers.get("content-type", ""))
    return _summary(await position_deps.ingest(runtime_of(request)).take([(reporter, point) for point in points]))


def _point(body: bytes) -> Point | Refusal:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest("the body is not JSON") from None
    try:
        return read_point(value)
    except PointUnreadable as error:
        return unreadable(value, error)


def _summary(outcomes: list[Outcome]) -> BatchTaken:
    refused = [(index, outcome) for index, outcome in enumerate(outcomes) if isinstance(outcome, Refusal)]
    return BatchTaken(
        accepted=outcomes.count("accepted"),
        duplicates=outcomes.count("duplicate"),
        rejected=len(refused),
        rejections=[
            Rejected(index=index, reason=refusal.reason, detail=refusal.detail) for index, refusal in refused[:MAX_REJECTIONS]
        ],
    )
