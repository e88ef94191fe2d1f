"""Uploading the list of a campaign."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.campaigns.errors import CampaignNotFound, CampaignNotPossible
from services.notifications.campaigns.models import Campaign, CampaignStatus
from services.notifications.campaigns.recipient_file import ListReader, RecipientList, rows_of
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.campaigns.repository import CampaignRepository
from services.notifications.campaigns.service import NOT_FOUND, Asker
from services.notifications.policies.repository import PolicyReader
from shared.runtime.clock import Clock


class RecipientImport:
    """Puts a list in the place of the one before."""

    def __init__(
        self,
        campaigns: CampaignRepository,
        recipients: RecipientRepository,
        policies: PolicyReader,
        hasher: AddressHasher,
        default_country: str,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._recipients = recipients
        self._policies = policies
        self._hasher = hasher
        self._country = default_country
        self._clock = clock

    async def run(
        self, asker: Asker, campaign_id: UUID, body: bytes, kind: str, expect: Callable[[int], None]
    ) -> tuple[Campaign, RecipientList]:
        """Keep every good row and report the others. expect: refuses a revision that the caller has not seen.

        Raises CampaignNotFound, CampaignNotPossible, ListUnreadable and ListTooLarge; then the list before stays.
        """
        # In a thread: a hundred thousand rows would hold up all other requests of the process for as long as they take.
        rows = await asyncio.to_thread(rows_of, body, kind)
        campaign = (await self._campaigns.locked([campaign_id])).get(campaign_id)
        if campaign is None or asker.organization_id not in (None, campaign.organization_id):
            raise CampaignNotFound(NOT_FOUND)
        expect(campaign.revision)
        if campaign.status != CampaignStatus.DRAFT:
            raise CampaignNotPossible(f"the campaign is {campaign.status}; only a draft's list can be replaced")
        if campaign.segment is not None:
            raise CampaignNotPossible("the campaign goes to a segment; edit it to have none, and upload the list then")
        own = {campaign.organization_id} if campaign.organization_id is not None else set[UUID]()
        country = (await self._policies.countries(own)).get(campaign.organization_id, self._country)
        reader = ListReader(campaign.channel, self._hasher, country)
        found = await asyncio.to_thread(reader.read, rows)
        now = self._clock()
        await self._recipients.replace(campaign_id, list(found.rows.values()))
        await self._campaigns.touch(campaign_id, len(found.rows), now)
        await self._campaigns.note(
            campaign_id, asker.id, "upload", now, rows=found.lines, rejected=found.rejected, repeated=found.repeated
        )
        changed = await self._campaigns.find(campaign_id, None)
        assert changed is not None, "it is held"
        return changed, found
