"""Deliveries and e-mails over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import StringConstraints

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.deliveries.errors import DeliveryEnded, DeliveryNotFound, RecipientUnknown, TemplateUnknown
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.repository import DeliveryFilter
from services.notifications.deliveries.schemas import (
    DeliveryCancel,
    DeliveryOut,
    DeliveryTimeline,
    EmailAccepted,
    EmailCreate,
    Moment,
    TemplatedEmailCreate,
)
from services.notifications.email.errors import AddressUnusable
from services.notifications.templates.errors import TemplateUnusable
from shared.contracts.lanes import LANES
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.outbox import MessageTooLarge

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])
emails = APIRouter(prefix="/v1/emails", tags=["emails"], route_class=IdempotentRoute)
templated = APIRouter(prefix="/v1/templated-emails", tags=["emails"], route_class=IdempotentRoute)

Text = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^\x00-\x1f]+$")]
DeliveryId = Annotated[UUID, Path(description="The id that the request was answered with, or the message's.")]


def wanted_deliveries(
    organization_id: ReadableOrganization,
    status: Annotated[DeliveryStatus | None, Query(description="Only those that stand so.")] = None,
    template_name: Annotated[str | None, Query(max_length=100, description="Only those that this template made.")] = None,
    requester: Annotated[Text | None, Query(description="Only those that it asked for.")] = None,
    subject_key: Annotated[Text | None, Query(description="Only those about this.")] = None,
    to_address: Annotated[Text | None, Query(description="Only those to exactly this address.")] = None,
    created_after: Annotated[Moment | None, Query(description="This moment or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="Before this moment.")] = None,
) -> DeliveryFilter:
    """Which deliveries a request is about."""
    return DeliveryFilter(
        organization_id, status, template_name, requester, subject_key, to_address, created_after, created_before
    )


@router.get("", name="list", summary="List deliveries")
async def list_deliveries(
    principal: NotificationsRead, db: ReadDb, paging: Paging, wanted: Annotated[DeliveryFilter, Depends(wanted_deliveries)]
) -> Page[DeliveryOut]:
    """The newest first. A caller that is bound to an organization sees that organization's."""
    rows = await deps.deliveries(db, principal.organization_id).newest(wanted, after=paging.after, limit=paging.fetch)
    return paging.page(rows, DeliveryOut, key=lambda row: (row.created_at, row.id))


@router.get("/{delivery_id}", name="get", summary="Read a delivery", responses=problems(DeliveryNotFound))
async def get_delivery(delivery_id: DeliveryId, principal: NotificationsRead, db: ReadDb) -> DeliveryTimeline:
    """With every attempt: when, by which provider, how long it took, and what was answered."""
    return await deps.deliveries(db, principal.organization_id).timeline(delivery_id)


@router.post(
    "/{delivery_id}/cancel", name="cancel", summary="Cancel a delivery", responses=problems(DeliveryNotFound, DeliveryEnded)
)
async def cancel_delivery(
    delivery_id: DeliveryId, body: DeliveryCancel, request: Request, principal: NotificationsWrite, db: WriteDb
) -> DeliveryTimeline:
    """Drops it if it waits. A call that is under way is not called back; if it fails, there is no other.

    Doing it again does no harm, and the first reason stays.
    """
    cancelling = deps.cancelling(db, runtime_of(request).clock)
    await cancelling.cancel_one(delivery_id, principal.organization_id, body.reason, principal.id)
    return await deps.deliveries(db, principal.organization_id).timeline(delivery_id)


@emails.post("", name="send", status_code=202, summary="Send an e-mail", responses=problems(AddressUnusable, MessageTooLarge))
async def send_email(
    body: EmailCreate, request: Request, response: Response, principal: NotificationsWrite, db: WriteDb, _: Idempotent
) -> EmailAccepted:
    """At most once per Idempotency-Key. Text and HTML together have at most 64 KB."""
    message = SendEmail(**body.model_dump(exclude={"lane"}), organization_id=principal.organization_id)
    requested = await deps.email_requests(db, runtime_of(request)).request(message, LANES[f"notifications.{body.lane}"])
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return EmailAccepted.model_validate(requested)


@templated.post(
    "",
    name="send_templated",
    status_code=202,
    summary="Send an e-mail that a template makes",
    responses=problems(AddressUnusable, RecipientUnknown, TemplateUnknown, TemplateUnusable, MessageTooLarge),
)
async def send_templated_email(
    body: TemplatedEmailCreate, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent
) -> EmailAccepted:
    """At most once per Idempotency-Key. The template is rendered before this answers, and what it made is what is sent.

    A version that the organization of the request has published goes before the default one.
    """
    message = SendTemplatedEmail(**body.model_dump(exclude={"lane"}), organization_id=organization_id)
    requested = await deps.email_requests(db, runtime_of(request)).request_templated(message, LANES[f"notifications.{body.lane}"])
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return EmailAccepted.model_validate(requested)
