"""SendGrid's lists of whom it sends no more to, and Email Activity, as far as clients of ours ask for them."""

import re
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.entries import Criteria, Entry
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.mailbox.receipt import CHANNEL
from deploy.sandbox.mailbox.suppressed import Suppressed, suppressed
from deploy.sandbox.sendgrid.answers import error

_QUERY = re.compile(r'msg_id LIKE "([^"%]+)%"(?: AND to_email="([^"]+)")?')
_EVENTS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "delivered": ("delivered", [("processed", None), ("delivered", None)]),
    "deferred": ("delivered", [("processed", None), ("deferred", None), ("delivered", None)]),
    "bounce": ("not_delivered", [("processed", None), ("bounced", "hard")]),
    "soft_bounce": ("not_delivered", [("processed", None), ("bounced", "soft")]),
    "blocked": ("not_delivered", [("processed", None), ("bounced", "soft")]),
    "dropped": ("not_delivered", [("dropped", None)]),
    "complaint": ("delivered", [("processed", None), ("delivered", None), ("spam_report", None)]),
    "silent": ("processed", [("processed", None)]),
}
_LISTS = {"bounces": "bounce", "invalid_emails": "invalid", "spam_reports": "complaint", "unsubscribes": "unsubscribe"}
_REASONS = {
    "bounce": "550 5.1.1 The email account that you tried to reach does not exist",
    "soft_bounce": "452 4.2.2 The email account is over quota",
    "blocked": "421 4.7.0 Our system has detected an unusual rate of mail",
    "dropped": "Bounced Address",
}


def lookups_router(ledger: Ledger, name: str, is_authorized: Callable[[Request], bool]) -> APIRouter:
    """GET /v3/suppression/{bounces, invalid_emails, spam_reports, unsubscribes}, /v3/messages, /v3/messages/{msg_id}."""
    router = APIRouter(prefix=f"/{name}/v3")

    @router.get("/suppression/{kept}")
    async def list_suppressed(
        request: Request,
        kept: Literal["bounces", "invalid_emails", "spam_reports", "unsubscribes"],
        start_time: int = 0,
        end_time: int | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 500,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        if not is_authorized(request):
            return error(401, "authorization required")
        until = end_time if end_time is not None else time.time()
        found = [one for one in suppressed(ledger, name, start_time, until) if one.fate == _LISTS[kept]]
        return JSONResponse([_entry(one) for one in found[offset : offset + limit]])

    @router.get("/messages")
    async def list_messages(request: Request, query: str, limit: Annotated[int, Query(ge=1, le=1000)] = 10) -> Response:
        if not is_authorized(request):
            return error(401, "authorization required")
        wanted = _QUERY.fullmatch(query)
        if wanted is None:
            return error(400, "invalid syntax: the sandbox knows msg_id LIKE and to_email only")
        entries = ledger.find(Criteria(CHANNEL, to=wanted[2]), 10_000)
        found = [entry for entry in entries if str(entry.details.get("provider_id", "")).startswith(wanted[1])]
        return JSONResponse({"messages": [_message(entry) for entry in found[:limit]]})

    @router.get("/messages/{msg_id}")
    async def read_message(request: Request, msg_id: str) -> Response:
        if not is_authorized(request):
            return error(401, "authorization required")
        found = ledger.find(Criteria(CHANNEL, provider_id=msg_id), 1)
        return JSONResponse({**_message(found[0]), "events": _events(found[0])}) if found else error(404, "not found")

    return router


def _entry(one: Suppressed) -> dict[str, Any]:
    """docs.sendgrid.com/api-reference: bounces-api, invalid-e-mails-api, spam-reports-api, suppressions-global-suppressions."""
    entry: dict[str, Any] = {"created": one.at, "email": one.address}
    match one.fate:
        case "bounce":
            return {**entry, "reason": one.reason, "status": "5.1.1"}
        case "invalid":
            return {**entry, "reason": one.reason}
        case "complaint":
            return {**entry, "ip": "203.0.113.7"}
        case _:
            return entry


def _message(entry: Entry) -> dict[str, Any]:
    return {
        "from_email": entry.sender,
        "msg_id": entry.details["provider_id"],
        "subject": entry.subject,
        "to_email": entry.recipients[0],
        "status": _EVENTS.get(entry.details["fate"], _EVENTS["delivered"])[0],
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": entry.received_at,
    }


def _events(entry: Entry) -> list[dict[str, Any]]:
    fate = entry.details["fate"]
    return [
        {
            "event_name": name,
            "processed": entry.received_at,
            **({"bounce_type": bounce_type} if bounce_type else {}),
            **({"reason": _REASONS[fate]} if name in ("bounced", "dropped") else {}),
        }
        for name, bounce_type in _EVENTS.get(fate, _EVENTS["delivered"])[1]
    ]
