"""The account's quota, its suppression list, and message insights."""

import base64
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from deploy.sandbox.entries import Criteria, Entry
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.mailbox.receipt import CHANNEL
from deploy.sandbox.mailbox.suppressed import epoch, suppressed
from deploy.sandbox.ses.answers import answer, error
from deploy.sandbox.ses.events import BOUNCES

MAX_SEND_RATE = 14.0
_LIST_REASONS = {"bounce": "BOUNCE", "complaint": "COMPLAINT"}
_EVENTS = {
    "deferred": ("SEND", "DELIVERY_DELAY", "DELIVERY"),
    "bounce": ("SEND", "BOUNCE"),
    "soft_bounce": ("SEND", "BOUNCE"),
    "blocked": ("SEND", "BOUNCE"),
    "dropped": ("SEND", "BOUNCE"),
    "complaint": ("SEND", "DELIVERY", "COMPLAINT"),
    "silent": ("SEND",),
}


def lookups_router(ledger: Ledger, name: str, refused: Callable[[Request], Awaitable[Response | None]]) -> APIRouter:
    """refused: the answer to a request that is not signed as it should be."""
    router = APIRouter(prefix=f"/{name}/v2/email")

    @router.get("/account")
    async def read_account(request: Request) -> Response:
        quota = {"Max24HourSend": 50_000.0, "MaxSendRate": MAX_SEND_RATE, "SentLast24Hours": 0.0}
        account = {"EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": True, "SendQuota": quota, "SendingEnabled": True}
        return await refused(request) or answer(account)

    @router.get("/suppression/addresses")
    async def list_suppressed(
        request: Request,
        reasons: Annotated[list[str], Query(alias="Reason")] = [],  # noqa: B006 -- FastAPI copies it
        start: Annotated[datetime | None, Query(alias="StartDate")] = None,
        end: Annotated[datetime | None, Query(alias="EndDate")] = None,
        size: Annotated[int, Query(alias="PageSize", ge=1, le=1000)] = 100,
        token: Annotated[str | None, Query(alias="NextToken")] = None,
    ) -> Response:
        begin = base64.urlsafe_b64decode(token).decode() if token else "0"
        found = suppressed(ledger, name, start.timestamp() if start else 0, end.timestamp() if end else time.time())
        wanted = [one for one in found if not reasons or _LIST_REASONS[one.fate] in reasons]
        page = wanted[int(begin) : int(begin) + size]
        entries = [{"EmailAddress": one.address, "Reason": _LIST_REASONS[one.fate], "LastUpdateTime": one.at} for one in page]
        body: dict[str, Any] = {"SuppressedDestinationSummaries": entries}
        if int(begin) + size < len(wanted):
            body["NextToken"] = base64.urlsafe_b64encode(str(int(begin) + size).encode()).decode()
        return await refused(request) or answer(body)

    @router.get("/insights/{message_id}/")
    async def read_insights(request: Request, message_id: str) -> Response:
        found = ledger.find(Criteria(CHANNEL, provider_id=message_id), 1)
        missing = error("NotFoundException", f"Message {message_id} was not found.")
        return await refused(request) or (answer(_insights(found[0])) if found else missing)

    return router


def _insights(entry: Entry) -> dict[str, Any]:
    fate, at = entry.details["fate"], epoch(entry.received_at)
    events = [
        {"Timestamp": at, "Type": kind, **({"Details": {"Bounce": _bounce(fate)}} if kind == "BOUNCE" else {})}
        for kind in _EVENTS.get(fate, ("SEND", "DELIVERY"))
    ]
    return {
        "MessageId": entry.details["provider_id"],
        "FromEmailAddress": entry.sender,
        "Subject": entry.subject,
        "Insights": [{"Destination": address, "Isp": "Sandbox", "Events": events} for address in entry.recipients],
    }


def _bounce(fate: str) -> dict[str, str]:
    kind, sub_kind, _, diagnostic = BOUNCES[fate]
    return {"BounceType": kind.upper(), "BounceSubType": sub_kind, "DiagnosticCode": diagnostic}
