"""/v1/subscription-settings: how an organization deals with what was not paid, and whether it bills at all."""

from fastapi import APIRouter, Request

from services.payments.actors import actor
from services.payments.auth import AdministeredOrganization, OneOrganization, PaymentsAdmin
from services.payments.dunning.schemas import PauseBillingIn, SubscriptionSettingsIn, SubscriptionSettingsOut
from services.payments.dunning.settings_repository import SettingsReader, SettingsRepository
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/subscription-settings", tags=["subscription-settings"])


@router.get("", summary="Read the settings of subscriptions")
async def get(organization_id: OneOrganization, db: ReadDb, etag: ETag) -> SubscriptionSettingsOut:
    """The defaults, with version 0, where the organization has said nothing."""
    shown = SubscriptionSettingsOut.model_validate(await SettingsReader(db).find(organization_id) or {})
    etag.show(shown.version)
    return shown


@router.put("", summary="Write the settings of subscriptions")
async def put(
    body: SubscriptionSettingsIn,
    request: Request,
    principal: PaymentsAdmin,
    organization_id: AdministeredOrganization,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> SubscriptionSettingsOut:
    """For failures from now on; If-Match names the version that was read, 0 for the defaults."""
    settings = SettingsRepository(db)
    known = await settings.find(organization_id, lock=True)
    if_match.check(known["version"] if known is not None else 0)
    now = runtime_of(request).clock()
    kept = await settings.put(organization_id, body.model_dump(), by=actor(principal), at=now)
    etag.show(kept["version"])
    return SubscriptionSettingsOut.model_validate(kept)


@router.post("/pause-billing", summary="Bill nobody")
async def pause_billing(
    body: PauseBillingIn, request: Request, principal: PaymentsAdmin, organization_id: AdministeredOrganization, db: WriteDb
) -> SubscriptionSettingsOut:
    """Neither periods nor further tries, until somebody lets it go on. Again it changes the reason."""
    now = runtime_of(request).clock()
    kept = await SettingsRepository(db).pause(organization_id, now, body.reason, by=actor(principal), at=now)
    return SubscriptionSettingsOut.model_validate(kept)


@router.post("/resume-billing", summary="Let billing go on")
async def resume_billing(
    request: Request, principal: PaymentsAdmin, organization_id: AdministeredOrganization, db: WriteDb
) -> SubscriptionSettingsOut:
    """What came due meanwhile is billed with the next run. Again it changes nothing."""
    now = runtime_of(request).clock()
    kept = await SettingsRepository(db).pause(organization_id, None, None, by=actor(principal), at=now)
    return SubscriptionSettingsOut.model_validate(kept)
