"""/v1/order-settings: on what terms an organization sells."""

from fastapi import APIRouter, Request

from services.payments import orders_deps as deps
from services.payments.actors import actor
from services.payments.auth import AdministeredOrganization, OneOrganization, PaymentsAdmin
from services.payments.orders.settings_repository import OrderSettingsReader
from services.payments.orders.settings_schemas import OrderSettingsIn, OrderSettingsOut
from services.payments.orders.settings_service import settings_of
from shared.runtime.http.etag import ETag, IfMatchUnlessNew
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/order-settings", tags=["order-settings"])


@router.get("", summary="Read the settings of orders")
async def get(organization_id: OneOrganization, db: ReadDb, etag: ETag) -> OrderSettingsOut:
    """Those that new orders are made by."""
    settings = await settings_of(OrderSettingsReader(db), organization_id)
    etag.show(settings.version)
    return settings


@router.put("", summary="Write the settings of orders")
async def put(
    body: OrderSettingsIn,
    request: Request,
    principal: PaymentsAdmin,
    organization_id: AdministeredOrganization,
    db: WriteDb,
    if_match: IfMatchUnlessNew,
    etag: ETag,
) -> OrderSettingsOut:
    """The first time without If-Match. Orders that were placed keep the terms that they have."""
    changes = deps.order_settings_changes(db, runtime_of(request).clock)
    kept = await changes.put(organization_id, body, if_match.check, by=actor(principal))
    etag.show(kept.version)
    return OrderSettingsOut.model_validate(kept)
