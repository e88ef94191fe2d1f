"""Carrying a campaign on: one step takes the next recipients, and asks for the step after it.

A step is one message, and one transaction: it holds the campaign, marks its recipients as queued, publishes their messages under
ids that follow from campaign and recipient, and publishes the next step. So whatever is killed, each recipient is asked for
once. A step that comes twice, or whose campaign was paused meanwhile, is not the one that is expected and does nothing.

What a pause has kept waiting comes before further recipients once the campaign is resumed, and within its cap. A cancelled
campaign takes steps, too, until whatever of it waits has been told to come: it is dropped as its turn is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notifications.campaigns.counts_repository import CountsRepository
from services.notifications.campaigns.messages import delivery_id_of, message_for, step_id_of
from services.notifications.campaigns.models import Campaign, CampaignStatus, PauseCause
from services.notifications.campaigns.pace import MAX_BACKLOG, TRIAL_LOOK, Pace, is_trial, pace, trial_room
from services.notifications.campaigns.rates import CHECK_EVERY, Rates, excess
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.campaigns.repository import CampaignRepository
from services.notifications.campaigns.template_check import TemplateCheck
from services.notifications.campaigns.waiting_repository import WaitingRepository
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


_STEPPING: Final = (CampaignStatus.RUNNING, CampaignStatus.CANCELLED)


class CampaignSteps:
    """Takes steps, in the unit of work of the message that asks for them."""

    def __init__(
        self,
        campaigns: CampaignRepository,
        counts: CountsRepository,
        waiting: WaitingRepository,
        recipients: RecipientRepository,
        check: TemplateCheck,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._counts = counts
        self._waiting = waiting
        self._recipients = recipients
        self._check = check
        self._rates = Rates(campaigns, counts)
        self._publisher = publisher
        self._clock = clock

    async def take(self, asked: Sequence[AdvanceCampaign]) -> None:
        """Take those of these steps that are expected."""
        now = self._clock()
        held = await self._campaigns.locked(sorted({one.campaign_id for one in asked}))
        steps = {(one.campaign_id, one.step) for one in asked}
        for campaign in held.values():
            if campaign.status in _STEPPING and (campaign.id, campaign.step + 1) in steps:
                await self._take(campaign, now)
        failpoint("campaign.before_commit")

    async def _take(self, campaign: Campaign, now: datetime) -> None:
        if campaign.next_step_at is not None and now < campaign.next_step_at:
            # The database's clock, by which steps are sent, is ahead of this one.
            await self._ask_again(campaign, now, at=campaign.next_step_at)
        elif campaign.status == CampaignStatus.CANCELLED:
            await self._let_go(campaign, now)
        elif not await self._is_finished(campaign, now) and await self._may_go_on(campaign, now):
            if campaign.queued < campaign.total or await self._waiting.has_held(campaign.id):
                await self._go_on(campaign, now)
            else:
                await self._drain(campaign, now)

    async def _may_go_on(self, campaign: Campaign, now: datetime) -> bool:
        """No where the campaign has paused itself just now."""
        checked = campaign.rates_checked_at
        # The last look before everybody is asked for must not be one of ten seconds ago.
        is_due = checked is None or checked <= now - CHECK_EVERY or _is_trial(campaign)
        if is_due and not await self._rates.judge([campaign.id], now):
            return False
        if campaign.queued < campaign.total and await self._check.versions(campaign) != campaign.template_versions:
            await self._campaigns.pause(campaign.id, PauseCause.TEMPLATE, TEMPLATE_CHANGED, now)
            await self._campaigns.note(campaign.id, ACTOR, "pause", now, TEMPLATE_CHANGED)
            return False
        return True

    async def _go_on(self, campaign: Campaign, now: datetime) -> None:
        """What has waited during a pause comes first; the step's size counts both, so that no minute has more than the cap."""
        step = await self._pace(campaign.per_minute, campaign.paced)
        room = await self._trial_room(campaign, now)
        released = await self._waiting.release_held(campaign.id, step.size)
        queued = await self._queue(campaign, min(step.size - released, room if room is not None else step.size))
        wait = step.wait if room is None else max(step.wait, TRIAL_LOOK)
        await self._ask_again(campaign, now, at=now + wait, paced=step.is_share, queued=queued)

    async def _trial_room(self, campaign: Campaign, now: datetime) -> int | None:
        """How many more may be asked for as long as nobody knows what becomes of the first ones; None where that is over."""
        if not _is_trial(campaign):
            return None
        counts = (await self._counts.of([campaign.id]))[campaign.id]
        return trial_room(campaign.queued, counts.ended, _since(campaign, now))

    async def _pace(self, per_minute: int | None, paced: int) -> Pace:
        return pace(per_minute, paced, await self._waiting.backlog(NOTIFICATIONS_BULK.name, MAX_BACKLOG))

    async def _queue(self, campaign: Campaign, size: int) -> int:
        """Ask for the messages of the next recipients; returns how many there were."""
        chosen = await self._recipients.waiting(campaign.id, size) if size else []
        ids = [delivery_id_of(campaign.id, one.recipient) for one in chosen]
        if chosen:
            await self._recipients.queue(campaign.id, [one.position for one in chosen], ids)
        for delivery_id, one in zip(ids, chosen, strict=True):
            self._publisher.publish(message_for(campaign, one), lane=NOTIFICATIONS_BULK, message_id=delivery_id)
        return len(chosen)

    async def _let_go(self, campaign: Campaign, now: datetime) -> None:
        """Whatever waits for a later moment comes now. What is on its way meets the cancellation by itself."""
        step = await self._pace(None, 0)
        if step.size and not await self._waiting.release_all(campaign.id, step.size):
            await self._campaigns.rest(campaign.id)
            return
        await self._ask_again(campaign, now, at=now + step.wait)

    async def _is_finished(self, campaign: Campaign, now: datetime) -> bool:
        """Whether every message has ended, or a week has passed. Then the campaign has, too."""
        if campaign.queued < campaign.total:
            return False
        counts = (await self._counts.of([campaign.id]))[campaign.id]
        is_over = counts.ended >= campaign.total
        if not is_over and (_since(campaign, now) <= GIVE_UP_AFTER or await self._waiting.has_held(campaign.id)):
            return False
        # There is nothing left to stop, but whoever looks is to see what came of it.
        cause, reason = excess(counts) or (None, None)
        await self._campaigns.finish(campaign.id, now, cause, reason)
        await self._campaigns.note(campaign.id, ACTOR, "finish", now, reason, sent=counts.sent, failed=counts.failed)
        return True

    async def _drain(self, campaign: Campaign, now: datetime) -> None:
        await self._ask_again(campaign, now, at=now + (DRAIN_WAIT if _since(campaign, now) < OFTEN_FOR else LATE_DRAIN_WAIT))

    async def _ask_again(self, campaign: Campaign, now: datetime, *, at: datetime, paced: bool = False, queued: int = 0) -> None:
        await self._campaigns.step(campaign.id, paced=paced, queued=queued, next_step_at=at, now=now)
        ask_for_step(self._publisher, campaign.id, campaign.step + 2, at)


def ask_for_step(publisher: Publisher, campaign_id: UUID, step: int, at: datetime | None) -> None:
    """Publish the message that takes this step at this moment, or at once."""
    message = AdvanceCampaign(campaign_id=campaign_id, step=step)
    publisher.publish(message, due_at=at, message_id=step_id_of(campaign_id, step))


def _is_trial(campaign: Campaign) -> bool:
    return is_trial(campaign.per_minute, campaign.total, campaign.queued)


def _since(campaign: Campaign, now: datetime) -> timedelta:
    return now - (campaign.last_queued_at or now)
