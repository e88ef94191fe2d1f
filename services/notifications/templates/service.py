"""Templates as people write, try and publish them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from services.notifications.email.mime import Content
from services.notifications.locales import canonical
from services.notifications.templates.errors import TemplateNotFound, TemplateUnusable, VersionNotFound, VersionNotPublished
from services.notifications.templates.models import (
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
from shared.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class DraftText:
    """What somebody writes. sample_context: None for that of the newest version, so that a translation needs none."""

    locale: str
    subject: str | None
    text: str | None
    html: str | None
    sample_context: Mapping[str, JsonValue] | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What to render without sending. context: None for the sample. version: a number, None for what is published."""

    context: Mapping[str, JsonValue] | None
    locale: str
    time_zone: str
    version: int | None


class Templates:
    """Reading templates, and rendering them without sending."""

    def __init__(self, reader: TemplateReader, renderer: Renderer) -> None:
        self._reader = reader
        self._renderer = renderer

    async def listed(self, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Any]:
        """By name."""
        return await self._reader.listed(organization_id, after=after, limit=limit)

    async def versions(self, name: str, organization_id: UUID | None) -> Sequence[tuple[Template, TemplateVersion]]:
        """The newest versions of the default and of the organization's override. Raises TemplateNotFound."""
        found = await self._reader.versions(name, [None, organization_id])
        if not found:
            raise TemplateNotFound("there is no template of this name; GET /v1/templates lists those that there are")
        return found

    async def preview(self, name: str, organization_id: UUID | None, trial: Trial) -> tuple[TemplateSource, Content]:
        """What a reader would get, by the very code of the sending.

        Raises TemplateNotFound, VersionNotFound, TemplateUnusable.
        """
        layers = await self._reader.published({name}, {organization_id})
        locale = trial.locale
        tried = None
        if trial.version is not None:
            version = await self._version(name, organization_id, trial.version)
            tried, locale = layer_of(name, organization_id, version), version.locale
        below = order(layers, name=name, organization_id=organization_id, locale=locale)
        source = complete([tried, *below] if tried is not None else below)
        if source is None:
            raise TemplateNotFound("nothing is published of this template that this reader could get; publish a version first")
        context = trial.context if trial.context is not None else await self._sample(name, organization_id)
        return source, await self.rendered(source, context, trial.locale, trial.time_zone)

    async def rendered(self, source: TemplateSource, context: Mapping[str, JsonValue], locale: str, time_zone: str) -> Content:
        """Off the event loop, which a hostile template may otherwise hold for half a second a part."""
        return await asyncio.to_thread(self._renderer.render, source, context, locale=locale, time_zone=time_zone)

    async def _sample(self, name: str, organization_id: UUID | None) -> Mapping[str, JsonValue]:
        found = await self._reader.versions(name, [None, organization_id])
        return next((version.sample_context for _, version in found if version.sample_context), {})

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

    async def draft(self, name: str, organization_id: UUID | None, draft: DraftText, author: str) -> TemplateVersion:
        """Keep a version that nobody is sent yet. Raises TemplateUnusable unless it renders with its sample context."""
        locale = canonical(draft.locale)
        if locale is None:
            raise TemplateUnusable("the locale must be a BCP 47 tag of language, script and region, such as de-AT")
        for part, source in (("subject", draft.subject), ("text", draft.text), ("html", draft.html)):
            if source is not None:
                self._renderer.check(part, source)
        sample = draft.sample_context if draft.sample_context is not None else await self._sample(name, organization_id)
        stored = _json(sample)
        await self._try(Layer(name, organization_id, locale, 0, draft.subject, draft.text, draft.html), sample)
        await self._templates.add(name, organization_id)
        template_id = await self._templates.locked(name, organization_id)
        assert template_id is not None, "it was added just now, and templates are not removed"
        new = NewDraft(locale, draft.subject, draft.text, draft.html, stored, author)
        return await self._templates.get(await self._templates.add_draft(template_id, new, self._clock()))

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

    async def retire(self, name: str, organization_id: UUID | None, number: int) -> TemplateVersion:
        """Send this version no more: its readers get what lies below it. Raises VersionNotFound, VersionNotPublished."""
        template_id = await self._templates.locked(name, organization_id)
        version = await self._version(name, organization_id, number)
        assert template_id is not None, "a version has a template"
        if version.state != VersionState.PUBLISHED:
            raise VersionNotPublished(f"the version is {version.state}; only a published one can be retired")
        await self._templates.retire(template_id, version.locale)
        return await self._templates.get(version.id)

    async def _try(self, layer: Layer, sample: Mapping[str, JsonValue]) -> None:
        layers = await self._templates.published({layer.name}, {layer.organization_id})
        below = order(layers, name=layer.name, organization_id=layer.organization_id, locale=layer.locale)
        # What this version is to replace gives nothing to it.
        replaced = (layer.organization_id, layer.locale)
        source = complete([layer, *(one for one in below if (one.organization_id, one.locale) != replaced)])
        if source is None:
            raise TemplateUnusable(
                "a version needs a subject, and text or html, unless a published default has what it leaves out"
            )
        await self.rendered(source, sample, layer.locale, "UTC")


def _json(sample: Mapping[str, JsonValue]) -> str:
    """The sample as PostgreSQL can hold it. Raises TemplateUnusable for what Python reads as JSON and PostgreSQL does not."""
    try:
        text = json.dumps(sample, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        raise TemplateUnusable("the sample context holds NaN, an infinite number or half a character, or is too deep") from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise TemplateUnusable("the sample context holds a NUL character; remove it")
    return text


def layer_of(name: str, organization_id: UUID | None, version: TemplateVersion) -> Layer:
    """A version of the database as a layer."""
    return Layer(name, organization_id, version.locale, version.number, version.subject, version.text, version.html)
