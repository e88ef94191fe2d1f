"""Deliveries over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite, ReadableOrganization
from services.notifications.deliveries.errors import DeliveryEnded, DeliveryNotFound
from services.notifications.deliveries.repository import DeliveryFilter
from services.notifications.deliveries.schemas import (
    DeliveryCancel,
    DeliveryOut,
    DeliveryQuery,
    DeliveryTimeline,
)
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryId = Annotated[UUID, Path(description="The id that the request was answered with, or the message's.")]


async def wanted_deliveries(organization_id: ReadableOrganization, wanted: Annotated[DeliveryQuery, Query()]) -> DeliveryFilter:
    """Which deliveries a request is about."""
    return DeliveryFilter(organization_id=organization_id, **wanted.model_dump())


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
