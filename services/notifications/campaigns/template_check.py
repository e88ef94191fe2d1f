"""Which versions of its template a campaign sends, and whether they can be rendered with what it gives them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from services.notifications.campaigns.errors import CampaignUnusable
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.recipient_repository import RecipientReader
from services.notifications.campaigns.repository import Pins
from services.notifications.locales import chain
from services.notifications.policies.repository import PolicyReader
from services.notifications.templates.models import Layer, TemplateSource, effective
from services.notifications.templates.repository import TemplateReader
from services.notifications.templates.variables import ALWAYS, JSON_TYPES, check_context

DEFAULT_LOCALE: Final = "en"
_PARTS: Final = {"email": "a subject, and text or html", "sms": "a text for SMS"}


class TemplateCheck:
    """Looks at what is published of a campaign's template."""

    def __init__(self, templates: TemplateReader, recipients: RecipientReader, policies: PolicyReader) -> None:
        self._templates = templates
        self._recipients = recipients
        self._policies = policies

    async def versions(self, campaign: Campaign) -> list[list[Any]]:
        """Organization, locale and number of all versions that are published now."""
        return _versions(await self._layers(campaign))

    async def pins(self, campaign: Campaign) -> Pins:
        """The versions that are published now.

        Each language that its recipients read is looked at. Raises CampaignUnusable where its readers get none, or where a
        variable is missing that neither the campaign nor each of its recipients has, or a recipient brings one of the wrong type.
        TemplateUnusable where the campaign's own is wrong.
        """
        layers = await self._layers(campaign)
        fallback = campaign.locale or (await self._policies.find(campaign.organization_id)).locale or DEFAULT_LOCALE
        found = await self._read(campaign, layers, fallback)
        for source, locales in found:
            if campaign.segment is None:
                await self._check_rows(campaign, source, fallback, locales)
            else:
                check_context(source, campaign.context)
        return Pins(found[0][0].version, _versions(layers))

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

    async def _read(self, campaign: Campaign, layers: list[Layer], fallback: str) -> list[tuple[TemplateSource, list[str]]]:
        """What its recipients get, the most frequent first, and in which languages: many may come to one text."""
        read = await self._recipients.languages(campaign, fallback) if campaign.locale is None else []
        published = {one.locale for one in layers}
        alike: dict[tuple[str, ...], list[str]] = {}
        for locale in read or [fallback]:
            alike.setdefault(tuple(one for one in chain(locale) if one in published), []).append(locale)
        return [(self._source(campaign, layers, locales[0]), locales) for locales in alike.values()]

    async def _check_rows(self, campaign: Campaign, source: TemplateSource, fallback: str, locales: Sequence[str]) -> None:
        """What the campaign does not give, each of these readers must bring along; and what they bring counts before it."""
        required = [name for name, one in source.variables.items() if one["required"] and name not in ALWAYS]
        lacking = sorted(name for name in required if campaign.context.get(name) is None)
        check_context(
            replace(source, variables={k: v for k, v in source.variables.items() if k not in lacking}), campaign.context
        )
        types = {name: JSON_TYPES[one["type"]] for name, one in source.variables.items()}
        missing, wrong = await self._recipients.unusable(campaign, fallback, locales, lacking, types)
        if missing:
            raise CampaignUnusable(
                f"{missing} of its recipients lack one of the variables that the template needs and the campaign does not give: "
                f"{', '.join(lacking)} ({source.locale}, version {source.version})"
            )
        if wrong:
            raise CampaignUnusable(
                f"{wrong} of its recipients bring a variable of another type than the template says "
                f"({source.locale}, version {source.version}); mend the list"
            )


def _versions(layers: list[Layer]) -> list[list[Any]]:
    known = [[str(one.organization_id) if one.organization_id else None, one.locale, one.version] for one in layers]
    return sorted(known, key=str)
