"""Templates as people write, try and publish them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from services.notifications.locales import canonical, chain
from services.notifications.templates.errors import TemplateNotFound, TemplateUnusable, VersionNotFound, VersionNotPublished
from services.notifications.templates.lint import Warned, left_incomplete, warnings
from services.notifications.templates.markup import refuse_unsafe
from services.notifications.templates.models import (
    PARTS,
    Layer,
    Template,
    TemplateSource,
    TemplateVersion,
    VersionState,
    complete,
    order,
)
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import NewDraft, TemplateReader, TemplateRepository
from services.notifications.templates.trials import EXAMPLE_LINKS, Trial, Tried, tried
from services.notifications.templates.variables import Variable
from shared.runtime.clock import Clock

RESERVED: Final = frozenset({"drift"})


@dataclass(frozen=True, slots=True)
class DraftText:
    """What somebody writes.

    variables, sample_context: None for those of the newest version, so that a translation needs none.
    category: what it is sent as, where that is known: as marketing it is sent under no category that nobody can decline.
    """

    locale: str
    subject: str | None
    text: str | None
    html: str | None
    sample_context: Mapping[str, JsonValue] | None
    sms: str | None = None
    push_title: str | None = None
    push_body: str | None = None
    variables: Mapping[str, Variable] | None = None
    category: str | None = None


class Templates:
    """Reading templates, and rendering them without sending. links: what previews have in the place of a recipient's."""

    def __init__(self, reader: TemplateReader, renderer: Renderer, links: Mapping[str, str] = EXAMPLE_LINKS) -> None:
        self._reader = reader
        self._renderer = renderer
        self._links = links

    async def listed(self, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Any]:
        """By name."""
        return await self._reader.listed(organization_id, after=after, limit=limit)

    async def versions(self, name: str, organization_id: UUID | None) -> Sequence[tuple[Template, TemplateVersion]]:
        """The newest versions of the default and of the organization's override. Raises TemplateNotFound."""
        found = await self._reader.versions(name, [None, organization_id])
        if not found:
            raise TemplateNotFound("there is no template of this name; GET /v1/templates lists those that there are")
        return found

    async def preview(self, name: str, organization_id: UUID | None, trial: Trial) -> tuple[TemplateSource, Tried]:
        """What a reader would get over each channel, by the very code of the sending.

        Raises TemplateNotFound, VersionNotFound, TemplateUnusable.
        """
        layers = await self._reader.published({name}, {organization_id})
        locale = trial.locale
        own, sample = None, None
        if trial.version is not None:
            version = await self._version(name, organization_id, trial.version)
            own, locale, sample = layer_of(name, organization_id, version), version.locale, version.sample_context
        below = order(layers, name=name, organization_id=organization_id, locale=locale)
        source = _filled_up(own, below) if own is not None else complete(below)
        if source is None or not source.channels:
            raise TemplateNotFound("nothing is published of this template that this reader could get; publish a version first")
        context = trial.context
        if context is None:
            context = sample or await self._sample(name, organization_id, locale)
        made = await self._tried(source, context, trial.locale, trial.time_zone)
        return source, made

    async def _tried(self, source: TemplateSource, context: Mapping[str, JsonValue], locale: str, time_zone: str) -> Tried:
        given = {**self._links, **context}
        return await tried(self._renderer, source, given, locale=locale, time_zone=time_zone)

    async def _sample(self, name: str, organization_id: UUID | None, locale: str) -> Mapping[str, JsonValue]:
        """The newest version's that has one, in the reader's language or the nearest to it."""
        found = [version for _, version in await self._reader.versions(name, [None, organization_id]) if version.sample_context]
        nearest = next((one for tag in chain(locale) for one in found if one.locale == tag), found[0] if found else None)
        return nearest.sample_context if nearest is not None else {}

    async def _version(self, name: str, organization_id: UUID | None, number: int) -> TemplateVersion:
        version = await self._reader.version(name, organization_id, number)
        if version is None:
            raise VersionNotFound("the template has no version of this number; GET /v1/templates/{name} lists those that it has")
        return version


class TemplateChanges(Templates):
    """Writing templates. organization_id: whose override is meant; None for the default."""

    def __init__(self, templates: TemplateRepository, renderer: Renderer, clock: Clock) -> None:
        super().__init__(templates, renderer)
        self._templates = templates
        self._renderer = renderer
        self._clock = clock

    async def draft(
        self, name: str, organization_id: UUID | None, draft: DraftText, author: str
    ) -> tuple[TemplateVersion, list[Warned]]:
        """Keep a version that nobody is sent yet, and say what is questionable about it.

        Raises TemplateUnusable unless it renders with its sample context.
        """
        locale = await asyncio.to_thread(self._checked, name, draft)
        sample = draft.sample_context if draft.sample_context is not None else await self._sample(name, organization_id, locale)
        stored = _json(sample, "sample context")
        variables = await self._variables(name, organization_id, draft)
        parts = {part: getattr(draft, part) for part in PARTS}
        layer = Layer(name, organization_id, locale, 0, **parts, variables=variables, category=draft.category)
        source, made, based_on = await self._try(layer, sample)
        await self._templates.add(name, organization_id)
        template_id = await self._templates.locked(name, organization_id)
        assert template_id is not None, "it was added just now, and templates are not removed"
        new = NewDraft(
            locale=locale,
            **parts,
            variables=_json(variables, "variables"),
            sample_context=stored,
            based_on=based_on if organization_id is not None else None,
            category=draft.category,
            created_by=author,
        )
        kept = await self._templates.get(await self._templates.add_draft(template_id, new, self._clock()))
        return kept, await asyncio.to_thread(warnings, self._renderer, layer, source, made, draft.category)

    async def publish(self, name: str, organization_id: UUID | None, number: int) -> TemplateVersion:
        """Send this version from now on in its language; an older one again takes a newer one back. Raises VersionNotFound."""
        template_id = await self._templates.locked(name, organization_id)
        version = await self._version(name, organization_id, number)
        assert template_id is not None, "a version has a template"
        if version.state == VersionState.PUBLISHED:
            return version
        await self._try(layer_of(name, organization_id, version), version.sample_context)
        await self._templates.retire(template_id, version.locale)
        await self._templates.publish(version.id, self._clock())
        return await self._templates.get(version.id)

    async def retire(self, name: str, organization_id: UUID | None, number: int) -> tuple[TemplateVersion, list[Warned]]:
        """Send this version no more: its readers get what lies below it. Says which overrides that leaves without what they need.

        Raises VersionNotFound, VersionNotPublished.
        """
        template_id = await self._templates.locked(name, organization_id)
        version = await self._version(name, organization_id, number)
        assert template_id is not None, "a version has a template"
        if version.state != VersionState.PUBLISHED:
            raise VersionNotPublished(f"the version is {version.state}; only a published one can be retired")
        layers = await self._templates.published_for_all(name) if organization_id is None else []
        await self._templates.retire(template_id, version.locale)
        return await self._templates.get(version.id), left_incomplete(layers, version.locale)

    def _checked(self, name: str, draft: DraftText) -> str:
        """The canonical locale of a draft whose parts are templates. Raises TemplateUnusable."""
        locale = canonical(draft.locale)
        if locale is None:
            raise TemplateUnusable("the locale must be a BCP 47 tag of language, script and region, such as de-AT")
        if name in RESERVED:
            raise TemplateUnusable(
                f"a template cannot be called {name}: GET /v1/templates/{name} is a report; choose another name"
            )
        for part in PARTS:
            source = getattr(draft, part)
            if source is not None:
                self._renderer.check(part, source)
        if draft.html is not None:
            refuse_unsafe(self._renderer.skeleton(draft.html))
        return locale

    async def _variables(self, name: str, organization_id: UUID | None, draft: DraftText) -> Mapping[str, Any]:
        if draft.variables is not None:
            return {variable: said.model_dump() for variable, said in draft.variables.items()}
        found = await self._templates.versions(name, [organization_id])
        return next((version.variables for _, version in found), {})

    async def _try(self, layer: Layer, sample: Mapping[str, JsonValue]) -> tuple[TemplateSource, Tried, int | None]:
        """The layer filled up, what it becomes, and the default's version below it. Raises TemplateUnusable."""
        layers = await self._templates.published({layer.name}, {layer.organization_id})
        below = order(layers, name=layer.name, organization_id=layer.organization_id, locale=layer.locale)
        source = _filled_up(layer, below)
        _demand_whole_channels(layer, source)
        made = await self._tried(source, sample, layer.locale, "UTC")
        if made.content is not None and made.content.html is not None:
            await asyncio.to_thread(refuse_unsafe, made.content.html)
        return source, made, next((one.version for one in below if one.organization_id is None), None)


def _filled_up(layer: Layer, below: Sequence[Layer]) -> TemplateSource:
    """What a version becomes once it is published: the one that it is to replace gives nothing to it."""
    replaced = (layer.organization_id, layer.locale)
    source = complete([layer, *(one for one in below if (one.organization_id, one.locale) != replaced)])
    assert source is not None, "there is a layer at least"
    return source


_NEEDS: Final = {
    "email": (("subject", "text", "html"), "a version needs a subject, and text or html"),
    "in_app": (("push_title", "push_body"), "a push needs a title and a body"),
}


def _demand_whole_channels(layer: Layer, source: TemplateSource) -> None:
    if not source.channels:
        raise TemplateUnusable(f"{_NEEDS['email'][1]}, or sms, or a push, unless a published default has what it leaves out")
    for channel, (parts, needs) in _NEEDS.items():
        if channel not in source.channels and any(getattr(layer, part) is not None for part in parts):
            raise TemplateUnusable(f"{needs}, unless a published default has what it leaves out")


def _json(value: Mapping[str, Any], what: str) -> str:
    """The value as PostgreSQL can hold it. Raises TemplateUnusable for what Python reads as JSON and PostgreSQL does not."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        raise TemplateUnusable(f"the {what} holds NaN, an infinite number or half a character, or is too deep") from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise TemplateUnusable(f"the {what} holds a NUL character; remove it")
    return text


def layer_of(name: str, organization_id: UUID | None, version: TemplateVersion) -> Layer:
    """A version of the database as a layer."""
    parts = {part: getattr(version, part) for part in PARTS}
    return Layer(
        name,
        organization_id,
        version.locale,
        version.number,
        **parts,
        variables=version.variables,
        category=version.category,
    )
