"""Which versions of its template a message is made of: settled when it is first taken up, and the same from then on."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from services.notifications.templates.models import Layer, TemplateSource, effective
from services.notifications.templates.repository import TemplateKey, TemplateReader
from services.notifications.templates.version_models import Uses, VersionUse
from shared.runtime.db import ReadSession


class Owned(NamedTuple):
    """A template, and whose override of it counts; None for the default alone."""

    name: str
    organization_id: UUID | None


class SettledVersions:
    """Reads what messages are made of."""

    def __init__(self, session: ReadSession) -> None:
        self._templates = TemplateReader(session)

    async def published(self, wanted: Collection[Owned]) -> Mapping[Owned, Uses]:
        """All versions that are published now, from which each reader's language takes; without those of which there is none."""
        layers = await self._templates.published({one.name for one in wanted}, {one.organization_id for one in wanted})
        found = {one: _of(layers, one) for one in wanted}
        return {one: uses for one, uses in found.items() if uses}

    async def sources(
        self, wanted: Mapping[UUID, TemplateKey], settled: Mapping[UUID, Uses]
    ) -> Mapping[UUID, TemplateSource | None]:
        """What each message is rendered of: its settled versions, or where none are, what is published now."""
        open_ones = {key: wanted[key] for key in wanted if key not in settled}
        current = await self._templates.effective(sorted(set(open_ones.values()), key=str)) if open_ones else {}
        bound = {key: wanted[key] for key in wanted if key in settled}
        numbered = {(wanted[key].name, use.organization_id, use.version) for key in bound for use in settled[key]}
        layers = {
            (one.name, one.organization_id, one.version): one
            for one in (await self._templates.numbered(numbered) if numbered else ())
        }
        # A batch has few templates and versions: each is put together once.
        known: dict[tuple[TemplateKey, Uses], TemplateSource | None] = {}
        for key, wanted_key in bound.items():
            if (wanted_key, settled[key]) not in known:
                known[wanted_key, settled[key]] = _made(wanted_key, settled[key], layers)
        return {key: current.get(one) for key, one in open_ones.items()} | {
            key: known[one, settled[key]] for key, one in bound.items()
        }


def _of(layers: Collection[Layer], owned: Owned) -> Uses:
    mine = [one for one in layers if one.name == owned.name and one.organization_id in (None, owned.organization_id)]
    uses = [VersionUse(one.organization_id, one.locale, one.version) for one in mine]
    return tuple(sorted(uses, key=lambda one: (one.organization_id is None, one.locale)))


def _made(key: TemplateKey, uses: Uses, layers: Mapping[tuple[str, UUID | None, int], Layer]) -> TemplateSource | None:
    found = [layers[name] for use in uses if (name := (key.name, use.organization_id, use.version)) in layers]
    return effective(found, name=key.name, organization_id=key.organization_id, locale=key.locale)
