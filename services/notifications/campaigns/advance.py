"""Carrying a campaign on: one step takes the next recipients, and asks for the step after it.

A step is one message, and one transaction: it holds the campaign, marks its recipients as queued, publishes their messages under
ids that follow from campaign and recipient, and publishes the next step. So whatever is killed, each recipient is asked for
once. A step that comes twice, or whose campaign was paused meanwhile, is not the one that is expected and does nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notifications.campaigns.messages import delivery_id_of, message_for, step_id_of
from services.notifications.campaigns.models import Campaign, CampaignStatus, Counts, PauseCause
from services.notifications.campaigns.pace import MAX_BACKLOG, pace
from services.notifications.campaigns.rates import CHECK_EVERY, Rates
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.campaigns.repository import CampaignRepository
from services.notifications.campaigns.template_check import TemplateCheck
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import AdvanceCampaign
from shared.runtime.clock import Clock
from shared.runtime.failpoints import failpoint
from shared.runtime.outbox import Publisher

DRAIN_WAIT: Final = timedelta(seconds=30)
LATE_DRAIN_WAIT: Final = timedelta(minutes=10)
"""Once everybody is queued, the campaign waits for what is under way: often at first, seldom when quiet hours hold it back."""

OFTEN_FOR: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(days=7)
ACTOR: Final = "system:campaigns"
TEMPLATE_CHANGED: Final = (
    "what is published of the template has changed since the campaign started; resume it to send the new text to the rest"
)


class CampaignSteps:
    """Takes steps, in the unit of work of the message that asks for them."""

    def __init__(
        self,
        campaigns: CampaignRepository,
        recipients: RecipientRepository,
        check: TemplateCheck,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._recipients = recipients
        self._check = check
        self._rates = Rates(campaigns)
        self._publisher = publisher
        self._clock = clock

    async def take(self, asked: Sequence[AdvanceCampaign]) -> None:
        """Take those of these steps that are expected."""
        now = self._clock()
        held = await self._campaigns.locked(sorted({one.campaign_id for one in asked}))
        steps = {(one.campaign_id, one.step) for one in asked}
        for campaign in held.values():
            if campaign.status == CampaignStatus.RUNNING and (campaign.id, campaign.step + 1) in steps:
                await self._take(campaign, now)
        failpoint("campaign.before_commit")

    async def _take(self, campaign: Campaign, now: datetime) -> None:
        if campaign.next_step_at is not None and now < campaign.next_step_at:
            # The database's clock, by which steps are sent, is ahead of this one.
            await self._ask_again(campaign, now, at=campaign.next_step_at)
        elif await self._may_go_on(campaign, now):
            if campaign.queued < campaign.total:
                await self._queue(campaign, now)
            else:
                await self._drain(campaign, now)

    async def _may_go_on(self, campaign: Campaign, now: datetime) -> bool:
        """No where the campaign has paused itself just now."""
        checked = campaign.rates_checked_at
        if (checked is None or checked <= now - CHECK_EVERY) and not await self._rates.judge([campaign.id], now):
            return False
        if campaign.queued < campaign.total and await self._check.versions(campaign) != campaign.template_versions:
            await self._campaigns.pause(campaign.id, PauseCause.TEMPLATE, TEMPLATE_CHANGED, now)
            await self._campaigns.note(campaign.id, ACTOR, "pause", now, TEMPLATE_CHANGED)
            return False
        return True

    async def _queue(self, campaign: Campaign, now: datetime) -> None:
        backlog = await self._campaigns.backlog(NOTIFICATIONS_BULK.name, MAX_BACKLOG)
        step = pace(campaign.per_minute, campaign.paced, backlog)
        chosen = await self._recipients.waiting(campaign.id, step.size) if step.size else []
        ids = [delivery_id_of(campaign.id, one.recipient) for one in chosen]
        if chosen:
            await self._recipients.queue(campaign.id, [one.position for one in chosen], ids)
        for delivery_id, one in zip(ids, chosen, strict=True):
            self._publisher.publish(message_for(campaign, one), lane=NOTIFICATIONS_BULK, message_id=delivery_id)
        await self._ask_again(campaign, now, at=now + step.wait, paced=step.is_share, queued=len(chosen))

    async def _drain(self, campaign: Campaign, now: datetime) -> None:
        counts = (await self._campaigns.counts([campaign.id]))[campaign.id]
        since = now - (campaign.last_queued_at or now)
        if _is_over(campaign, counts) or since > GIVE_UP_AFTER:
            await self._campaigns.end(campaign.id, CampaignStatus.FINISHED, now)
            await self._campaigns.note(campaign.id, ACTOR, "finish", now, sent=counts.sent, failed=counts.failed)
            return
        await self._ask_again(campaign, now, at=now + (DRAIN_WAIT if since < OFTEN_FOR else LATE_DRAIN_WAIT))

    async def _ask_again(self, campaign: Campaign, now: datetime, *, at: datetime, paced: bool = False, queued: int = 0) -> None:
        await self._campaigns.step(campaign.id, paced=paced, queued=queued, next_step_at=at, now=now)
        ask_for_step(self._publisher, campaign.id, campaign.step + 2, at)


def ask_for_step(publisher: Publisher, campaign_id: UUID, step: int, at: datetime | None) -> None:
    """Publish the message that takes this step at this moment, or at once."""
    message = AdvanceCampaign(campaign_id=campaign_id, step=step)
    publisher.publish(message, due_at=at, message_id=step_id_of(campaign_id, step))


def _is_over(campaign: Campaign, counts: Counts) -> bool:
    return counts.ended >= campaign.total
