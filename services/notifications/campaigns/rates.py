"""When a campaign stops by itself: too many of its messages bounce, or too many readers complain.

The limits are those at which mailbox providers and Amazon SES begin to doubt a sender: 5 % bounces, 0.1 % complaints.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notifications.campaigns.counts_repository import CountsRepository
from services.notifications.campaigns.models import Counts, PauseCause, campaign_of
from services.notifications.campaigns.repository import CampaignRepository
from services.notifications.deliveries.delivery_record import Lesson, Lessons
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Session

MAX_BOUNCES_PERCENT: Final = 5
MIN_SENT_FOR_BOUNCES: Final = 100
MIN_BOUNCES: Final = 10
"""So many count at once, however few were sent."""
MAX_COMPLAINTS_PER_MILLE: Final = 1
MIN_SENT_FOR_COMPLAINTS: Final = 1000
MIN_COMPLAINTS: Final = 2
"""As MIN_BOUNCES."""

CHECK_EVERY: Final = timedelta(seconds=10)
REFUSED_CHECK_EVERY: Final = timedelta(seconds=1)
"""A provider can refuse thousands in ten seconds."""

ACTOR: Final = "system:rates"


def excess(counts: Counts) -> tuple[PauseCause, str] | None:
    """Why a campaign with these counts is stopped, with the figures; None where it may go on."""
    sent, bounced, complained = counts.rated_sent, counts.rated_bounced, counts.rated_complained
    if (sent >= MIN_SENT_FOR_BOUNCES or bounced >= MIN_BOUNCES) and 100 * bounced > MAX_BOUNCES_PERCENT * sent:
        share = f"{bounced} of {sent} messages bounced ({100 * bounced / sent:.1f} %)"
        return PauseCause.BOUNCES, f"{share}, more than {MAX_BOUNCES_PERCENT} %"
    enough = sent >= MIN_SENT_FOR_COMPLAINTS or complained >= MIN_COMPLAINTS
    if enough and 1000 * complained > MAX_COMPLAINTS_PER_MILLE * sent:
        share = f"readers complained of {complained} of {sent} messages ({100 * complained / max(sent, 1):.2f} %)"
        return PauseCause.COMPLAINTS, f"{share}, more than {MAX_COMPLAINTS_PER_MILLE / 10} %"
    return None


async def check_rates(session: Session, campaign_ids: Sequence[UUID], clock: Clock = system_clock) -> None:
    """Pause those of these campaigns that run and have gone beyond a limit.

    For whoever has just applied reports of providers: each campaign is counted every ten seconds at most, and one that
    somebody else holds is left to its next step. Waits for no lock.
    """
    if campaign_ids:
        await Rates(CampaignRepository(session), CountsRepository(session)).check(campaign_ids, clock(), CHECK_EVERY)


class RefusalWatch:
    """Lessons that campaigns draw, too: one of whose messages too many are refused as they are sent pauses by itself.

    Refusals make no call-back. What others learn comes first, so that campaigns are held for as short as can be.
    """

    def __init__(self, others: Lessons) -> None:
        self._others = others

    async def learn(self, session: Session, lessons: Sequence[Lesson], now: datetime) -> None:
        await self._others.learn(session, lessons, now)
        found = {campaign for one in lessons if (campaign := campaign_of(one.row.subject_key)) is not None}
        if found:
            await Rates(CampaignRepository(session), CountsRepository(session)).check(sorted(found), now, REFUSED_CHECK_EVERY)


class Rates:
    """Looks at the rates of campaigns."""

    def __init__(self, campaigns: CampaignRepository, counts: CountsRepository) -> None:
        self._campaigns = campaigns
        self._counts = counts

    async def check(self, campaign_ids: Sequence[UUID], now: datetime, every: timedelta) -> None:
        """Of those of these that run and were not looked at for so long."""
        held = await self._campaigns.locked_unrated(sorted(set(campaign_ids)), now - every)
        await self.judge(list(held), now)

    async def judge(self, held: Sequence[UUID], now: datetime) -> dict[UUID, Counts]:
        """Of running campaigns that the caller holds; returns the counts of those that may go on."""
        if not held:
            return {}
        counts = dict(await self._counts.of(held))
        await self._counts.sum_up(held, now)
        await self._campaigns.checked(held, now)
        for one in held:
            found = excess(counts[one])
            if found is not None:
                cause, reason = found
                del counts[one]
                await self._campaigns.pause(one, cause, reason, now)
                await self._campaigns.note(one, ACTOR, "pause", now, reason)
        return counts
