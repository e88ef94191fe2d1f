"""/v1/campaigns/{id}/recipients: whom a campaign goes to."""

from email.message import Message
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite
from services.notifications.campaigns.endpoints import CampaignId
from services.notifications.campaigns.errors import (
    CampaignNotFound,
    CampaignNotPossible,
    ListTooLarge,
    ListUnreadable,
    UnknownListType,
)
from services.notifications.campaigns.schemas import CampaignOut, ListProblem, ListReport, RecipientOut
from services.notifications.campaigns.service import Asker
from services.notifications.deliveries.models import DeliveryStatus
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import IfMatch, etag_of
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

MAX_FILE_BYTES: Final = 32_000_000
MAX_PROBLEMS: Final = 1000
_NEVER_REACHED: Final = 2**40
_KINDS: Final = {"text/csv": "csv", "application/json": "json"}
_CSV: Final = "to_email,to_name,locale,context.points\nasha.rao@example.com,Asha Rao,hi-IN,120\n"
_JSON: Final = [{"to_email": "asha.rao@example.com", "to_name": "Asha Rao", "context": {"points": 120}}]
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"description": "A file in UTF-8."}, "example": _CSV},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}, "example": _JSON},
        },
    }
}

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


@may_answer(UnknownListType)
async def declared_kind(request: Request) -> str:
    """What the request says of its body. Raises UnknownListType."""
    declared = Message()
    declared["Content-Type"] = request.headers.get("content-type", "")
    kind = _KINDS.get(declared.get_content_type())
    if kind is None:
        raise UnknownListType(f"send the list itself as the body, with a `Content-Type` of {' or '.join(_KINDS)}")
    return kind


@may_answer(ListTooLarge)
async def list_body(request: Request) -> bytes:
    """The bytes of the request. Raises ListTooLarge as soon as it is clear that there are too many."""
    declared = request.headers.get("content-length", "0")
    body, is_large = bytearray(), declared.isdecimal() and int(declared) > MAX_FILE_BYTES
    async for part in request.stream():
        body += part
        if is_large := is_large or len(body) > MAX_FILE_BYTES:
            break
    if is_large:
        raise ListTooLarge(f"a list has at most {MAX_FILE_BYTES // 1_000_000} MB; make several campaigns of it")
    return bytes(body)


@router.put(
    "/{campaign_id}/recipients",
    name="upload",
    summary="Upload a campaign's list",
    # Here the endpoint counts for itself, to say what to do with a larger list.
    max_body_size=_NEVER_REACHED,
    openapi_extra=_BODY,
    responses=problems(CampaignNotFound, CampaignNotPossible, ListUnreadable),
)
async def upload_recipients(
    *,
    campaign_id: CampaignId,
    # Before the body: dependencies are carried out in this order, and nothing is read for whoever asks.
    principal: NotificationsWrite,
    kind: Annotated[str, Depends(declared_kind)],
    if_match: IfMatch,
    body: Annotated[bytes, Depends(list_body)],
    request: Request,
    response: Response,
    db: WriteDb,
) -> ListReport:
    """Replaces the list before: `to_email`, `to_phone` or `to_person`, and `to_name`, `locale` and variables of the template.

    Good rows are kept whatever the others are like, and each fault is named by its line. At most 100,000 rows.
    """
    service = deps.campaign_import(db, runtime_of(request))
    asker = Asker(principal.id, principal.organization_id)
    campaign, found = await service.run(asker, campaign_id, body, kind, if_match.check)
    response.headers["ETag"] = etag_of(campaign.revision)
    return ListReport(
        campaign=CampaignOut.model_validate(campaign),
        rows=found.lines,
        kept=len(found.rows),
        repeated=found.repeated,
        rejected=found.rejected,
        problems=[ListProblem.model_validate(one) for one in found.problems[:MAX_PROBLEMS]],
        problems_left_off=max(0, len(found.problems) - MAX_PROBLEMS),
    )


@router.get(
    "/{campaign_id}/recipients", name="recipients", summary="List a campaign's recipients", responses=problems(CampaignNotFound)
)
async def list_recipients(
    campaign_id: CampaignId,
    principal: NotificationsRead,
    db: ReadDb,
    paging: Paging,
    status: Annotated[DeliveryStatus | None, Query(description="Only those whose message stands so.")] = None,
) -> Page[RecipientOut]:
    """In the order in which they are sent to, with what became of each message. Of a segment, empty until the campaign starts."""
    after = int(str(paging.after[0])) if paging.after is not None else None
    campaigns = deps.campaigns(db, principal.organization_id)
    rows = await campaigns.recipients(campaign_id, status=status, after=after, limit=paging.fetch)
    return paging.page(rows, RecipientOut, key=lambda row: (row.position,))
