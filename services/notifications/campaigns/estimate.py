"""What a campaign would come to if it started now: how many recipients, and for SMS, how many segments."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from services.notifications.addresses import AddressHasher
from services.notifications.campaigns.errors import CampaignNotFound
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.recipient_repository import RecipientReader
from services.notifications.campaigns.repository import CampaignReader
from services.notifications.campaigns.service import NOT_FOUND
from services.notifications.campaigns.template_check import DEFAULT_LOCALE, TemplateCheck
from services.notifications.sms.segments import Segments, count
from services.notifications.suppressions.repository import Asked, SuppressionReader
from services.notifications.templates.rendering import Renderer
from shared.runtime.clock import Clock

MAX_HASHED: Final = 20_000
"""So many addresses are looked up on the suppression list; of more, nobody wants to wait for the answer."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """recipients: each address once. unreachable: people of the list whose address is not known.

    suppressed: of the recipients; None where they are too many to look up. segments: of one SMS, made of the campaign's own
    context and its first recipient's; None for e-mails.
    """

    recipients: int
    unreachable: int
    suppressed: int | None
    segments: Segments | None


class Estimates:
    """Estimates campaigns. organization_id: the caller's tenant; None sees all."""

    def __init__(
        self,
        campaigns: CampaignReader,
        recipients: RecipientReader,
        suppressions: SuppressionReader,
        check: TemplateCheck,
        renderer: Renderer,
        hasher: AddressHasher,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._recipients = recipients
        self._suppressions = suppressions
        self._check = check
        self._renderer = renderer
        self._hasher = hasher
        self._clock = clock

    async def of(self, campaign_id: UUID, organization_id: UUID | None) -> Estimated:
        """Raises CampaignNotFound, and for SMS CampaignUnusable and TemplateUnusable where the text cannot be made."""
        campaign = await self._campaigns.find(campaign_id, organization_id)
        if campaign is None:
            raise CampaignNotFound(NOT_FOUND)
        addresses = await self._recipients.addresses(campaign)
        known = [one for one in addresses if one is not None]
        suppressed = await self._suppressed(campaign, known) if len(known) <= MAX_HASHED else None
        segments = await self._segments(campaign) if campaign.channel == "sms" else None
        return Estimated(len(known), len(addresses) - len(known), suppressed, segments)

    async def _suppressed(self, campaign: Campaign, addresses: Sequence[str]) -> int:
        hashes = await asyncio.to_thread(lambda: [self._hasher.hash(campaign.channel, one) for one in addresses])
        owner, category = campaign.organization_id, campaign.category
        asked = [Asked(uuid4(), campaign.channel, one, owner, category) for one in hashes]
        return len(await self._suppressions.stopping(asked, self._clock())) if asked else 0

    async def _segments(self, campaign: Campaign) -> Segments:
        source = await self._check.source(campaign)
        context = {**campaign.context, **(await self._recipients.sample(campaign.id))}
        locale = campaign.locale or DEFAULT_LOCALE
        text = await asyncio.to_thread(self._renderer.render_sms, source, context, locale=locale, time_zone="UTC")
        return count(text)
