"""Campaigns over HTTP: planning and reading them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.campaigns.errors import CampaignNotFound, CampaignNotPossible, CampaignUnusable
from services.notifications.campaigns.estimate_schemas import EstimateOut, SmsEstimate
from services.notifications.campaigns.models import CampaignStatus
from services.notifications.campaigns.schemas import (
    CampaignBody,
    CampaignOut,
    CampaignProgress,
    ChangeOut,
)
from services.notifications.campaigns.service import Asker
from services.notifications.templates.errors import TemplateUnusable
from shared.contracts.money import Money
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import IfMatch, etag_of
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=IdempotentRoute)

CampaignId = Annotated[UUID, Path(description="Of the campaign.")]


async def sms_price(
    sms_price_per_1000: Annotated[
        str | None,
        Query(
            pattern=r"^[0-9]{1,15} [A-Z]{3}$",
            description="What a thousand segments cost at the provider, in minor units: `16500 INR` is 165 rupees.",
        ),
    ] = None,
) -> Money | None:
    """The price that the request names."""
    if sms_price_per_1000 is None:
        return None
    amount, currency = sms_price_per_1000.split(" ")
    return Money(amount_minor=int(amount), currency=currency)


SmsPrice = Annotated[Money | None, Depends(sms_price)]


@router.get("", name="list", summary="List campaigns")
async def list_campaigns(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    status: Annotated[CampaignStatus | None, Query(description="Only those that stand so.")] = None,
) -> Page[CampaignOut]:
    """The newest first."""
    rows = await deps.campaigns(db, organization_id).newest(status, after=paging.after, limit=paging.fetch)
    return paging.page(rows, CampaignOut, key=lambda row: (row.created_at, row.id))


@router.post("", name="create", status_code=201, summary="Draft a campaign", responses=problems(CampaignUnusable))
async def create_campaign(
    *,
    body: CampaignBody,
    request: Request,
    response: Response,
    principal: NotificationsWrite,
    organization_id: WritableScope,
    db: WriteDb,
    _: Idempotent,
) -> CampaignOut:
    """Nothing is sent before it starts. Without a segment, upload its list next.

    It goes to the organization's people alone; where the request names no organization, to those who belong to none.
    """
    changes = deps.campaign_changes(db, runtime_of(request).clock)
    campaign = await changes.create(Asker(principal.id, organization_id), body.facts())
    response.headers["Location"] = f"/v1/campaigns/{campaign.id}"
    response.headers["ETag"] = etag_of(campaign.revision)
    return CampaignOut.model_validate(campaign)


@router.get("/{campaign_id}", name="get", summary="Read a campaign", responses=problems(CampaignNotFound))
async def get_campaign(campaign_id: CampaignId, principal: NotificationsRead, response: Response, db: ReadDb) -> CampaignProgress:
    """With its progress, counted from its deliveries, and with what its SMS cost.

    The ETag changes with what people change, and not with the progress.
    """
    campaign, counts, costs = await deps.campaigns(db, principal.organization_id).get(campaign_id)
    response.headers["ETag"] = etag_of(campaign.revision)
    return CampaignProgress.of(campaign, counts, costs)


@router.put(
    "/{campaign_id}",
    name="put",
    summary="Edit a draft",
    responses=problems(CampaignNotFound, CampaignNotPossible, CampaignUnusable),
)
async def edit_campaign(
    *,
    campaign_id: CampaignId,
    body: CampaignBody,
    principal: NotificationsWrite,
    if_match: IfMatch,
    request: Request,
    response: Response,
    db: WriteDb,
) -> CampaignOut:
    """Replaces all of it but the uploaded list."""
    changes = deps.campaign_changes(db, runtime_of(request).clock)
    asker = Asker(principal.id, principal.organization_id)
    campaign = await changes.edit(asker, campaign_id, body.facts(), if_match.check)
    response.headers["ETag"] = etag_of(campaign.revision)
    return CampaignOut.model_validate(campaign)


@router.get(
    "/{campaign_id}/estimate",
    name="estimate",
    summary="Estimate a campaign",
    responses=problems(CampaignNotFound, CampaignUnusable, TemplateUnusable),
)
async def estimate_campaign(
    campaign_id: CampaignId, principal: NotificationsRead, request: Request, db: ReadDb, price: SmsPrice
) -> EstimateOut:
    """How many it would go to if it started now, and how many segments its SMS have, by language and by country.

    Each number costs what `SMS_PRICES` says of its country code, the longest that fits; or all cost what the request names.
    """
    runtime = runtime_of(request)
    prices = deps.price_list(runtime.settings, price)
    found = await deps.campaign_estimates(db, runtime).of(campaign_id, principal.organization_id, prices)
    sms = SmsEstimate.of(found)
    return EstimateOut(recipients=found.recipients, unreachable=found.unreachable, suppressed=found.suppressed, sms=sms)


@router.get(
    "/{campaign_id}/changes", name="changes", summary="List what was done to a campaign", responses=problems(CampaignNotFound)
)
async def list_changes(campaign_id: CampaignId, principal: NotificationsRead, db: ReadDb, paging: Paging) -> Page[ChangeOut]:
    """By whom and when, the newest first."""
    before = int(str(paging.after[0])) if paging.after is not None else None
    rows = await deps.campaigns(db, principal.organization_id).changes(campaign_id, before=before, limit=paging.fetch)
    return paging.page(rows, ChangeOut, key=lambda row: (row.id,))
