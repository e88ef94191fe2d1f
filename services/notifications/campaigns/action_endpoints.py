"""/v1/campaigns/{id}/start and others. Each answers the campaign as it is then; doing it again does no harm."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from services.notifications import deps
from services.notifications.auth import NotificationsWrite
from services.notifications.campaigns.endpoints import CampaignId
from services.notifications.campaigns.errors import CampaignNotFound, CampaignNotPossible, CampaignUnusable
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.schemas import CampaignOut, ReasonIn, ScheduleIn
from services.notifications.campaigns.service import Asker
from services.notifications.templates.errors import TemplateUnusable
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import etag_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


class OneCampaign:
    """The campaign that the request is about, and who asks."""

    def __init__(
        self, campaign_id: CampaignId, request: Request, response: Response, principal: NotificationsWrite, db: WriteDb
    ) -> None:
        self.id = campaign_id
        self.asker = Asker(principal.id, principal.organization_id)
        self.changes = deps.campaign_changes(db, runtime_of(request).clock)
        self._response = response

    def show(self, campaign: Campaign) -> CampaignOut:
        """The answer."""
        self._response.headers["ETag"] = etag_of(campaign.revision)
        return CampaignOut.model_validate(campaign)


One = Annotated[OneCampaign, Depends(made(OneCampaign))]
_REFUSALS: Final = problems(CampaignNotFound, CampaignNotPossible)
_UNREADY: Final = problems(CampaignNotFound, CampaignNotPossible, CampaignUnusable, TemplateUnusable)


@router.post("/{campaign_id}/start", name="start", summary="Start a campaign", responses=_UNREADY)
async def start_campaign(one: One) -> CampaignOut:
    """Settles whom it goes to, each address once, and begins to send. Starts a scheduled one before its time."""
    return one.show(await one.changes.start(one.asker, one.id))


@router.post("/{campaign_id}/schedule", name="schedule", summary="Schedule a campaign", responses=_UNREADY)
async def schedule_campaign(one: One, body: ScheduleIn) -> CampaignOut:
    """It starts by itself, within a minute of the moment. If it cannot be sent then, it is a draft again and says why."""
    return one.show(await one.changes.schedule(one.asker, one.id, body.at))


@router.post("/{campaign_id}/pause", name="pause", summary="Pause a campaign", responses=_REFUSALS)
async def pause_campaign(one: One, body: ReasonIn) -> CampaignOut:
    """What has not been sent waits, also what is on its way to a provider. One that is scheduled becomes a draft."""
    return one.show(await one.changes.pause(one.asker, one.id, body.reason))


@router.post("/{campaign_id}/resume", name="resume", summary="Resume a campaign", responses=_UNREADY)
async def resume_campaign(one: One) -> CampaignOut:
    """Sends what has waited, then to the rest, by what is published of the template now.

    After a pause of its own, what was sent before counts no more towards the next one.
    """
    return one.show(await one.changes.resume(one.asker, one.id))


@router.post("/{campaign_id}/cancel", name="cancel", summary="Cancel a campaign", responses=_REFUSALS)
async def cancel_campaign(one: One, body: ReasonIn) -> CampaignOut:
    """Nothing more is sent, and it cannot be taken up again. What waits is dropped, many messages one slice after the other.

    A message whose call is under way, or begins within 20 seconds, may still arrive.
    """
    return one.show(await one.changes.cancel(one.asker, one.id, body.reason))
