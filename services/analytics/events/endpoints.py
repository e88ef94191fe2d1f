"""/v1/events: taking events by HTTP."""

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request

from services.analytics import event_deps
from services.analytics.auth import IngestOrganization
from services.analytics.events.batches import LINES, MAX_BYTES, read_batch
from services.analytics.events.errors import BatchUnreadable, UnknownBatchType
from services.analytics.events.event_models import NOBODYS, Refusal
from services.analytics.events.recording import Outcome
from services.analytics.events.schemas import BatchTaken, ItemOut
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of

MAX_ITEMS: Final = 1000
_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "name": "shop.product_viewed",
    "occurred_at": "2026-11-20T06:00:00Z",
    "user_id": "payments.customer:019a9f5e-0a00-7e21-b7c4-90ab12cd34f0",
    "session_id": "s-1",
    "properties": {"product": "blue kettle"},
}
_TEXT: Final = {"type": ["string", "null"], "minLength": 1, "maxLength": 200}
_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name", "occurred_at"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "Of this event; the same one counts once."},
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "description": "A name that is known: `/v1/event-names`."},
        "occurred_at": {"type": "string", "format": "date-time"},
        "user_id": _TEXT | {"description": "A reference of whoever did it, and nobody's name or address."},
        "session_id": _TEXT,
        "value": {"type": ["integer", "null"], "description": "In the smallest unit of the name's, such as paise."},
        "properties": {"type": ["object", "null"]},
    },
}
_WRONG: Final = {"description": "Anything else is put aside with its reason, and spoils no other."}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"anyOf": [_EVENT, _WRONG]}}, "example": [_EXAMPLE]},
            LINES[0]: {"schema": {"description": "A line of JSON for each event."}, "example": orjson.dumps(_EXAMPLE).decode()},
        },
    }
}

router = APIRouter(prefix="/v1", tags=["events"])


@router.post(
    "/events:batch",
    status_code=202,
    name="take",
    summary="Send events",
    openapi_extra=_BODY,
    responses=problems(UnknownBatchType, BatchUnreadable),
    max_body_size=MAX_BYTES,
)
async def take(request: Request, organization_id: IngestOrganization) -> BatchTaken:
    """A JSON array, or NDJSON; at most 500 KB, and 32 KB each. What is wrong with one is said of that one, and the others are
    taken. The answer comes once they are durable. Ids make it safe to send again, so it needs no Idempotency-Key."""
    events = await read_batch(await request.body(), request.headers.get("content-type", ""))
    whose = organization_id or NOBODYS
    return _summary(await event_deps.ingest(runtime_of(request)).take([(whose, event) for event in events]))


def _summary(outcomes: list[Outcome]) -> BatchTaken:
    left_out = [(index, outcome) for index, outcome in enumerate(outcomes) if outcome != "accepted"]
    quarantined = sum(isinstance(outcome, Refusal) for _, outcome in left_out)
    return BatchTaken(
        accepted=len(outcomes) - len(left_out),
        duplicates=len(left_out) - quarantined,
        quarantined=quarantined,
        items=[_item(index, outcome) for index, outcome in left_out[:MAX_ITEMS]],
    )


def _item(index: int, outcome: Outcome) -> ItemOut:
    if isinstance(outcome, Refusal):
        return ItemOut(index=index, outcome="quarantined", reason=outcome.reason, detail=outcome.detail)
    return ItemOut(index=index, outcome="duplicate")
