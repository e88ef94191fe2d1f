"""Campaigns as people plan, start and stop them."""

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.notifications.campaigns.advance import ACTOR, ask_for_step
from services.notifications.campaigns.categories import CategoryCheck
from services.notifications.campaigns.counts_repository import CountsReader, CountsRepository
from services.notifications.campaigns.errors import CampaignNotFound, CampaignNotPossible, CampaignUnusable
from services.notifications.campaigns.models import (
    Campaign,
    CampaignFacts,
    CampaignStatus,
    Cost,
    Counts,
    PauseCause,
    subject_of,
)
from services.notifications.campaigns.pace import LONGEST_SHARE
from services.notifications.campaigns.recipient_repository import RecipientReader, RecipientRepository
from services.notifications.campaigns.repository import CampaignReader, CampaignRepository
from services.notifications.campaigns.template_check import TemplateCheck
from services.notifications.cancellations.service import Cancelling
from shared.contracts.notifications import StartDueCampaigns
from shared.runtime.clock import Clock
from shared.runtime.errors import Invalid, Permanent
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

DUE_PER_RUN: Final = 10
FORSAKEN_AFTER: Final = timedelta(minutes=15)
START_WITHIN: Final = timedelta(seconds=15)
"""After so long no further campaign starts in the same transaction, and no statement takes longer."""

GIVE_UP_STARTING_AFTER: Final = timedelta(hours=1)
NOT_STARTED: Final = "for an hour it could not be started, for a reason of ours; start it, or schedule it anew"
NOT_FOUND: Final = "there is no such campaign; GET /v1/campaigns lists those that there are"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and whose campaigns alone that somebody may see; None for everybody's."""

    id: str
    organization_id: UUID | None


class Campaigns:
    """Reading campaigns. organization_id: the caller's tenant; None sees all."""

    def __init__(
        self, campaigns: CampaignReader, counts: CountsReader, recipients: RecipientReader, organization_id: UUID | None
    ) -> None:
        self._campaigns = campaigns
        self._counts = counts
        self._recipients = recipients
        self._organization_id = organization_id

    async def get(self, campaign_id: UUID) -> tuple[Campaign, Counts, list[Cost]]:
        """One campaign, what has become of its messages, and what they cost. Raises CampaignNotFound."""
        found = await self._found(campaign_id)
        costs = await self._counts.costs(campaign_id) if found.channel == "sms" else []
        return found, (await self._counts.of([campaign_id]))[campaign_id], costs

    async def newest(self, status: CampaignStatus | None, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Campaign]:
        """The newest first."""
        return await self._campaigns.newest(self._organization_id, status, after=after, limit=limit)

    async def recipients(self, campaign_id: UUID, *, status: str | None, after: int | None, limit: int) -> Sequence[Any]:
        """In the order in which they are sent to. Raises CampaignNotFound."""
        await self._found(campaign_id)
        return await self._recipients.page(campaign_id, status=status, after=after, limit=limit)

    async def changes(self, campaign_id: UUID, *, before: int | None, limit: int) -> Sequence[Any]:
        """Who did what, the newest first. Raises CampaignNotFound."""
        await self._found(campaign_id)
        return await self._campaigns.changes(campaign_id, before=before, limit=limit)

    async def _found(self, campaign_id: UUID) -> Campaign:
        found = await self._campaigns.find(campaign_id, self._organization_id)
        if found is None:
            raise CampaignNotFound(NOT_FOUND)
        return found


class CampaignChanges:
    """Writing campaigns. Each change is noted with who made it."""

    def __init__(
        self,
        campaigns: CampaignRepository,
        counts: CountsRepository,
        recipients: RecipientRepository,
        check: TemplateCheck,
        categories: CategoryCheck,
        cancelling: Cancelling,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._counts = counts
        self._recipients = recipients
        self._check = check
        self._categories = categories
        self._cancelling = cancelling
        self._publisher = publisher
        self._clock = clock

    async def create(self, asker: Asker, facts: CampaignFacts) -> Campaign:
        """A draft. Raises CampaignUnusable where its category is one that nobody can decline."""
        await self._categories.check(facts.category, asker.organization_id)
        campaign_id, now = uuid7(), self._clock()
        await self._campaigns.create(campaign_id, asker.organization_id, facts, asker.id, now)
        await self._campaigns.note(campaign_id, asker.id, "create", now)
        return await self._read(campaign_id)

    async def edit(self, asker: Asker, campaign_id: UUID, facts: CampaignFacts, expect: Callable[[int], None]) -> Campaign:
        """Replace what a draft says. expect: refuses a revision that the caller has not seen."""
        campaign = await self._held(asker, campaign_id)
        expect(campaign.revision)
        _demand(campaign, "edited", CampaignStatus.DRAFT)
        await self._categories.check(facts.category, campaign.organization_id)
        if campaign.channel != facts.channel and campaign.segment is None and campaign.total:
            raise CampaignUnusable("the uploaded list is for the other channel; make another campaign for this one")
        now = self._clock()
        await self._campaigns.edit(campaign_id, facts, now)
        await self._campaigns.note(campaign_id, asker.id, "edit", now)
        return await self._read(campaign_id)

    async def schedule(self, asker: Asker, campaign_id: UUID, at: datetime) -> Campaign:
        """Let it start by itself; what cannot be sent as it is now is refused now."""
        campaign = await self._held(asker, campaign_id)
        _demand(campaign, "scheduled", CampaignStatus.DRAFT)
        now = self._clock()
        if at <= now:
            raise CampaignUnusable("the moment has passed; start the campaign, or name a later one")
        await self._check.pins(campaign)
        _demand_list(campaign)
        await self._campaigns.schedule(campaign_id, at, now)
        await self._campaigns.note(campaign_id, asker.id, "schedule", now, at=at.isoformat())
        return await self._read(campaign_id)

    async def start(self, asker: Asker, campaign_id: UUID) -> Campaign:
        """Settle whom it goes to, and send. Starting what runs changes nothing."""
        campaign = await self._held(asker, campaign_id)
        if campaign.status != CampaignStatus.RUNNING:
            _demand(campaign, "started", CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)
            await self._start(campaign, asker.id, self._clock())
        return await self._read(campaign_id)

    async def _start(self, campaign: Campaign, actor: str, now: datetime) -> None:
        pins = await self._check.pins(campaign)
        total = await self._recipients.fix(campaign)
        if total == 0:
            raise CampaignUnusable("it would go to nobody; mend its segment, or upload its list")
        await self._campaigns.start(campaign.id, total, pins, now)
        await self._campaigns.note(campaign.id, actor, "start", now, recipients=total, template_version=pins.version)
        ask_for_step(self._publisher, campaign.id, campaign.step + 1, None)

    async def start_due(self, message: StartDueCampaigns) -> None:
        """Start those whose time has come, carry on with those whose next step was lost, and sum up figures.

        Each stands by itself. One that cannot start is a draft again, and says why.
        """
        now = self._clock()
        await self._apart(self._take_up_forsaken(now))
        # A worker that does not come back within the lane's limit is killed, and everything with it: the rest starts with the
        # next message.
        began = time.monotonic()
        for campaign in (await self._campaigns.locked_due(message.slot or now, DUE_PER_RUN)).values():
            if time.monotonic() - began > START_WITHIN.total_seconds():
                break
            await self._start_alone(campaign, now)
        await self._apart(self._sum_up(now))

    async def _start_alone(self, campaign: Campaign, now: datetime) -> None:
        try:
            if await self._apart(self._start(campaign, ACTOR, now)):
                return
        except (Invalid, Permanent) as error:
            await self._unschedule(campaign, error.detail, now)
            return
        if campaign.scheduled_at is not None and campaign.scheduled_at <= now - GIVE_UP_STARTING_AFTER:
            await self._unschedule(campaign, NOT_STARTED, now)
        else:
            await self._campaigns.start_failed(campaign.id, now)

    async def _unschedule(self, campaign: Campaign, why: str, now: datetime) -> None:
        await self._campaigns.to_draft(campaign.id, PauseCause.TEMPLATE, why, now)
        await self._campaigns.note(campaign.id, ACTOR, "unschedule", now, why)

    async def _apart(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do this so that it fails alone; no where the database, or a mistake of ours, has kept it from being done.

        Raises what is wrong with what somebody has asked for.
        """
        try:
            async with self._campaigns.apart(START_WITHIN):
                await work
        except (Invalid, Permanent):
            raise
        except Exception:
            # After a lost connection the next statement fails, and the message comes again.
            logger.exception("campaigns_start_due_failed")
            return False
        finally:
            work.close()
        return True

    async def _take_up_forsaken(self, now: datetime) -> None:
        for campaign in (await self._campaigns.locked_forsaken(now - FORSAKEN_AFTER)).values():
            await self._campaigns.step(campaign.id, paced=False, queued=0, next_step_at=now, now=now)
            ask_for_step(self._publisher, campaign.id, campaign.step + 2, None)

    async def _sum_up(self, now: datetime) -> None:
        await self._counts.sum_up(await self._counts.with_many_rows(), now)

    async def pause(self, asker: Asker, campaign_id: UUID, reason: str) -> Campaign:
        """Send nothing more for now. One that was scheduled is a draft again; pausing what is paused changes nothing."""
        campaign, now = await self._held(asker, campaign_id), self._clock()
        if campaign.status == CampaignStatus.SCHEDULED:
            await self._campaigns.to_draft(campaign_id, PauseCause.ASKED, reason, now)
            await self._campaigns.note(campaign_id, asker.id, "unschedule", now, reason)
        elif campaign.status != CampaignStatus.PAUSED:
            _demand(campaign, "paused", CampaignStatus.RUNNING)
            await self._campaigns.pause(campaign_id, PauseCause.ASKED, reason, now)
            await self._campaigns.note(campaign_id, asker.id, "pause", now, reason)
        return await self._read(campaign_id)

    async def resume(self, asker: Asker, campaign_id: UUID) -> Campaign:
        """Send to the rest, by the versions of the template that are published now. Resuming what runs changes nothing."""
        campaign, now = await self._held(asker, campaign_id), self._clock()
        if campaign.status != CampaignStatus.RUNNING:
            _demand(campaign, "resumed", CampaignStatus.PAUSED)
            pins = await self._check.pins(campaign)
            # What waits comes soon, however long the next step would have waited for the last messages to end.
            step, due_at = await self._campaigns.resume(campaign_id, pins, now, at_the_latest=now + LONGEST_SHARE)
            await self._campaigns.note(campaign_id, asker.id, "resume", now, template_version=pins.version)
            ask_for_step(self._publisher, campaign_id, step + 1, due_at)
        return await self._read(campaign_id)

    async def cancel(self, asker: Asker, campaign_id: UUID, reason: str) -> Campaign:
        """Send nothing more, ever. Cancelling what is cancelled changes nothing.

        Every attempt that is claimed from now on meets the cancellation. What waits for a later moment is told to come by the
        campaign's further steps, because it may be a hundred thousand messages.
        """
        campaign, now = await self._held(asker, campaign_id), self._clock()
        if campaign.status != CampaignStatus.CANCELLED:
            _demand(campaign, "cancelled", *(one for one in CampaignStatus if one is not CampaignStatus.FINISHED))
            step = await self._campaigns.cancel(campaign_id, now)
            await self._cancelling.forbid(subject_of(campaign_id), campaign.organization_id, reason, asker.id)
            await self._campaigns.note(campaign_id, asker.id, "cancel", now, reason)
            if campaign.started_at is not None:
                ask_for_step(self._publisher, campaign_id, step + 1, None)
        return await self._read(campaign_id)

    async def _held(self, asker: Asker, campaign_id: UUID) -> Campaign:
        found = (await self._campaigns.locked([campaign_id])).get(campaign_id)
        if found is None or asker.organization_id not in (None, found.organization_id):
            raise CampaignNotFound(NOT_FOUND)
        return found

    async def _read(self, campaign_id: UUID) -> Campaign:
        found = await self._campaigns.find(campaign_id, None)
        assert found is not None, "campaigns are not removed"
        return found


def _demand(campaign: Campaign, done: str, *statuses: CampaignStatus) -> None:
    if campaign.status not in statuses:
        raise CampaignNotPossible(f"the campaign is {campaign.status}; one that is {' or '.join(statuses)} can be {done}")


def _demand_list(campaign: Campaign) -> None:
    if campaign.segment is None and campaign.total == 0:
        raise CampaignUnusable("it has neither a segment nor a list; upload the list, or name a segment")
