"""Deliveries and e-mails over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite
from services.notifications.deliveries.errors import DeliveryNotFound
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.schemas import DeliveryOut, DeliveryTimeline, EmailAccepted, EmailCreate
from services.notifications.email.errors import AddressUnusable
from shared.contracts.lanes import LANES
from shared.contracts.notifications import SendEmail
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.outbox import MessageTooLarge

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])
emails = APIRouter(prefix="/v1/emails", tags=["emails"], route_class=IdempotentRoute)

DeliveryId = Annotated[UUID, Path(description="The id that the request was answered with, or the message's.")]


@router.get("", name="list", summary="List deliveries")
async def list_deliveries(
    principal: NotificationsRead,
    db: ReadDb,
    paging: Paging,
    status: Annotated[DeliveryStatus | None, Query(description="Only those that stand so.")] = None,
) -> Page[DeliveryOut]:
    """The newest first. A caller that is bound to an organization sees that organization's."""
    deliveries = deps.deliveries(db, principal.organization_id)
    rows = await deliveries.newest(status=status, after=paging.after, limit=paging.fetch)
    return paging.page(rows, DeliveryOut, key=lambda row: (row.created_at, row.id))


@router.get("/{delivery_id}", name="get", summary="Read a delivery", responses=problems(DeliveryNotFound))
async def get_delivery(delivery_id: DeliveryId, principal: NotificationsRead, db: ReadDb) -> DeliveryTimeline:
    """With every attempt: when, by which provider, how long it took, and what was answered."""
    return DeliveryTimeline.model_validate(await deps.deliveries(db, principal.organization_id).get(delivery_id))


@emails.post("", name="send", status_code=202, summary="Send an e-mail", responses=problems(AddressUnusable, MessageTooLarge))
async def send_email(
    body: EmailCreate, request: Request, response: Response, principal: NotificationsWrite, db: WriteDb, _: Idempotent
) -> EmailAccepted:
    """At most once per Idempotency-Key. Text and HTML together have at most 64 KB."""
    message = SendEmail(**body.model_dump(exclude={"lane"}), organization_id=principal.organization_id)
    requested = await deps.email_requests(db, runtime_of(request)).request(message, LANES[f"notifications.{body.lane}"])
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return EmailAccepted.model_validate(requested)
