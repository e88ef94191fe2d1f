"""Which versions of its template a campaign sends, and whether they can be rendered with what it gives them."""

from collections.abc import Sequence
from typing import Any, Final

from services.notifications.campaigns.errors import CampaignUnusable
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.recipient_repository import RecipientReader
from services.notifications.campaigns.repository import Pins
from services.notifications.templates.models import Layer, TemplateSource, effective
from services.notifications.templates.repository import TemplateReader
from services.notifications.templates.variables import ALWAYS, check_context

DEFAULT_LOCALE: Final = "en"
_PARTS: Final = {"email": "a subject, and text or html", "sms": "a text for SMS"}


class TemplateCheck:
    """Looks at what is published of a campaign's template."""

    def __init__(self, templates: TemplateReader, recipients: RecipientReader) -> None:
        self._templates = templates
        self._recipients = recipients

    async def versions(self, campaign: Campaign) -> list[list[Any]]:
        """Organization, locale and number of all versions that are published now."""
        return _versions(await self._layers(campaign))

    async def pins(self, campaign: Campaign) -> Pins:
        """The versions that are published now.

        Raises CampaignUnusable where readers of the campaign's language get none, or where a variable is missing that neither
        the campaign nor each of its recipients has. TemplateUnusable where a variable is of the wrong type.
        """
        layers = await self._layers(campaign)
        source = self._source(campaign, layers, campaign.locale or DEFAULT_LOCALE)
        required = [name for name, one in source.variables.items() if one["required"] and name not in ALWAYS]
        lacking = [name for name in required if campaign.context.get(name) is None]
        if lacking and campaign.segment is None:
            await self._check_rows(campaign, lacking)
        else:
            check_context(source, campaign.context)
        return Pins(source.version, _versions(layers))

    async def sources(self, campaign: Campaign, locales: Sequence[str]) -> list[TemplateSource]:
        """What readers of each of these languages get. Raises CampaignUnusable where that is nothing."""
        layers = await self._layers(campaign)
        return [self._source(campaign, layers, one) for one in locales]

    async def _layers(self, campaign: Campaign) -> list[Layer]:
        return await self._templates.published({campaign.template_name}, {campaign.organization_id})

    def _source(self, campaign: Campaign, layers: list[Layer], locale: str) -> TemplateSource:
        name = campaign.template_name
        source = effective(layers, name=name, organization_id=campaign.organization_id, locale=locale)
        if source is None or campaign.channel not in source.channels:
            part = _PARTS[campaign.channel]
            raise CampaignUnusable(
                f"no version of the template {name} is published that has {part}; publish one, or name another"
            )
        return source

    async def _check_rows(self, campaign: Campaign, lacking: list[str]) -> None:
        missing = await self._recipients.lacking(campaign.id, lacking)
        if missing:
            raise CampaignUnusable(
                f"{missing} of its recipients lack one of the variables that the template needs and the campaign does not give: "
                f"{', '.join(sorted(lacking))}"
            )


def _versions(layers: list[Layer]) -> list[list[Any]]:
    known = [[str(one.organization_id) if one.organization_id else None, one.locale, one.version] for one in layers]
    return sorted(known, key=str)
