"""What a campaign would come to if it started now: how many recipients, and for SMS, how many segments."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid4

from services.notifications.addresses import AddressHasher
from services.notifications.campaigns.errors import CampaignNotFound
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.recipient_repository import Readers, RecipientReader
from services.notifications.campaigns.repository import CampaignReader
from services.notifications.campaigns.service import NOT_FOUND
from services.notifications.campaigns.template_check import DEFAULT_LOCALE, TemplateCheck
from services.notifications.locales import understood
from services.notifications.policies.repository import PolicyReader
from services.notifications.sms.prices import PriceList
from services.notifications.sms.segments import Segments, count
from services.notifications.suppressions.repository import Asked, SuppressionReader
from services.notifications.templates.models import TemplateSource
from services.notifications.templates.rendering import Renderer
from shared.contracts.money import Money
from shared.runtime.clock import Clock

MAX_HASHED: Final = 20_000
"""So many addresses are looked up on the suppression list; of more, nobody wants to wait for the answer."""


MAX_LOCALES: Final = 20
"""So many languages are rendered; a list may name a hundred thousand."""


@dataclass(frozen=True, slots=True)
class SmsText:
    """What readers of one language get: a sample, made of the campaign's own context and the first one's."""

    locale: str
    recipients: int
    one: Segments


@dataclass(frozen=True, slots=True)
class CountrySms:
    """What goes to numbers with one beginning. code: the longest that the price list or the numbering plan knows; None for those
    of no country. price_per_1000: what a thousand segments cost there; None where no price is known."""

    code: str | None
    recipients: int
    segments: int
    price_per_1000: Money | None


@dataclass(frozen=True, slots=True)
class Estimated:
    """recipients: each address once. unreachable: people of the list whose address is not known.

    suppressed: of the recipients; None where they are too many to look up. texts: of an SMS by language, the most frequent first;
    None for e-mails. segments: of all SMS; those in languages that are no text of their own count as the longest of these.
    countries: of the same, the most segments first.
    """

    recipients: int
    unreachable: int
    suppressed: int | None
    texts: list[SmsText] | None = None
    segments: int = 0
    countries: Sequence[CountrySms] = field(default_factory=tuple)


class Estimates:
    """Estimates campaigns."""

    def __init__(
        self,
        campaigns: CampaignReader,
        recipients: RecipientReader,
        suppressions: SuppressionReader,
        policies: PolicyReader,
        check: TemplateCheck,
        renderer: Renderer,
        hasher: AddressHasher,
        clock: Clock,
    ) -> None:
        self._campaigns = campaigns
        self._recipients = recipients
        self._suppressions = suppressions
        self._policies = policies
        self._check = check
        self._renderer = renderer
        self._hasher = hasher
        self._clock = clock

    async def of(self, campaign_id: UUID, organization_id: UUID | None, prices: PriceList) -> Estimated:
        """organization_id: the caller's tenant; None sees all.

        Raises CampaignNotFound, and for SMS CampaignUnusable and TemplateUnusable where the text cannot be made.
        """
        campaign = await self._campaigns.find(campaign_id, organization_id)
        if campaign is None:
            raise CampaignNotFound(NOT_FOUND)
        addresses = await self._recipients.addresses(campaign)
        known = [one for one in addresses if one is not None]
        suppressed = await self._suppressed(campaign, known) if len(known) <= MAX_HASHED else None
        found = Estimated(len(known), len(addresses) - len(known), suppressed)
        return replace(found, **(await self._sms(campaign, prices))) if campaign.channel == "sms" else found

    async def _suppressed(self, campaign: Campaign, addresses: Sequence[str]) -> int:
        hashes = await asyncio.to_thread(lambda: [self._hasher.hash(campaign.channel, one) for one in addresses])
        owner, category = campaign.organization_id, campaign.category
        asked = [Asked(uuid4(), campaign.channel, one, owner, category) for one in hashes]
        return len(await self._suppressions.stopping(asked, self._clock())) if asked else 0

    async def _sms(self, campaign: Campaign, prices: PriceList) -> dict[str, Any]:
        fallback = (await self._policies.find(campaign.organization_id)).locale or DEFAULT_LOCALE
        readers = await self._recipients.readers(campaign, fallback, MAX_LOCALES, prices.codes)
        # Nobody is to get it yet: what it says in the campaign's own language is still worth seeing.
        readers = readers or [Readers(campaign.locale or fallback, 0, {})]
        sources = await self._check.sources(campaign, [one.locale for one in readers[:MAX_LOCALES]])
        texts = [await self._text(campaign, one, source) for one, source in zip(readers, sources, strict=False)]
        longest = max(one.one.segments for one in texts)
        lengths = [one.one.segments for one in texts] + [longest] * (len(readers) - len(texts))
        countries = _countries(readers, lengths, prices)
        return {"texts": texts, "segments": sum(one.segments for one in countries), "countries": countries}

    async def _text(self, campaign: Campaign, readers: Readers, source: TemplateSource) -> SmsText:
        context = {**campaign.context, **readers.context}
        locale = understood(readers.locale)
        text = await asyncio.to_thread(self._renderer.render_sms, source, context, locale=locale, time_zone="UTC")
        return SmsText(locale, readers.recipients, count(text))


def _countries(readers: Sequence[Readers], lengths: Sequence[int], prices: PriceList) -> list[CountrySms]:
    """lengths: the segments of one SMS to each of these readers."""
    recipients: Counter[str | None] = Counter()
    segments: Counter[str | None] = Counter()
    for one, length in zip(readers, lengths, strict=True):
        for code, found in one.codes.items():
            recipients[code] += found
            segments[code] += found * length
    ordered = sorted(segments, key=lambda code: (-segments[code], code or ""))
    return [CountrySms(code, recipients[code], segments[code], prices.of(code)) for code in ordered]
