"""Registered texts as people enter and try them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.notifications.dlt.errors import DltTemplateExists, DltTemplateNotFound, DltTemplateUnusable
from services.notifications.dlt.matching import PLACEHOLDER, plain_text
from services.notifications.dlt.models import RegisteredText
from services.notifications.dlt.registry import Match, Mismatch, Registry, SmsText
from services.notifications.dlt.repository import DltReader, DltRepository, TextRow
from services.notifications.locales import canonical
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

MAX_VARIABLES: Final = 20
_RESERVED: Final = frozenset({"mobiles", "crqid", "uuid"})
_OTHER_PLACEHOLDER: Final = re.compile(r"\{#(?!var#\})|##")


class DltTemplates:
    """Reading registered texts. organization_id: the tenant that reads; None reads all."""

    def __init__(self, reader: DltReader, registry: Registry, organization_id: UUID | None) -> None:
        self._reader = reader
        self._registry = registry
        self._organization_id = organization_id

    async def get(self, text_id: UUID) -> RegisteredText:
        """One text. Raises DltTemplateNotFound."""
        found = await self._reader.find(text_id, self._organization_id)
        if found is None:
            raise _not_found()
        return found

    async def listed(
        self, *, template_name: str | None, active: bool | None, after: UUID | None, limit: int
    ) -> Sequence[RegisteredText]:
        """The newest first."""
        return await self._reader.listed(
            self._organization_id, template_name=template_name, active=active, after=after, limit=limit
        )

    async def tried(self, text: str, template_name: str | None, locale: str | None) -> Match | Mismatch:
        """Which registered text this one is, by the very code of the sending."""
        sms = SmsText(uuid7(), self._organization_id, template_name, locale, text)
        return (await self._registry.matches_of(self._reader, [sms]))[sms.id]


class DltTemplateChanges:
    """Writing registered texts."""

    def __init__(self, texts: DltRepository, clock: Clock) -> None:
        self._texts = texts
        self._clock = clock

    async def add(self, row: TextRow, organization_id: UUID | None, author: str) -> RegisteredText:
        """Enter a text. Raises DltTemplateUnusable, DltTemplateExists."""
        text_id = await self._texts.add(checked(row), organization_id, author, self._clock())
        if text_id is None:
            raise _exists()
        return await self._kept(text_id)

    async def replace(
        self, text_id: UUID, row: TextRow, organization_id: UUID | None, expect: Callable[[int], None]
    ) -> RegisteredText:
        """Replace all of a text. expect: refuses a revision that the caller has not seen.

        Raises DltTemplateNotFound, DltTemplateUnusable, DltTemplateExists, and what `expect` raises.
        """
        expect((await self._locked(text_id, organization_id)).revision)
        if not await self._texts.replace(text_id, checked(row), self._clock()):
            raise _exists()
        return await self._kept(text_id)

    async def remove(self, text_id: UUID, organization_id: UUID | None) -> None:
        """Forget a text; what it says is no longer sent over MSG91. Raises DltTemplateNotFound."""
        await self._locked(text_id, organization_id)
        await self._texts.remove(text_id)

    async def _locked(self, text_id: UUID, organization_id: UUID | None) -> RegisteredText:
        found = await self._texts.locked(text_id, organization_id)
        if found is None:
            raise _not_found()
        return found

    async def _kept(self, text_id: UUID) -> RegisteredText:
        found = await self._texts.find(text_id, None)
        assert found is not None, "it was written just now"
        return found


def checked(row: TextRow) -> TextRow:
    """The row as it is kept. Raises DltTemplateUnusable where text and variables do not go together."""
    text = plain_text(row.text)
    if not text:
        raise DltTemplateUnusable("the text is empty; give it as it is registered")
    if _OTHER_PLACEHOLDER.search(text):
        raise DltTemplateUnusable("what changes in the text is written {#var#}, as the registry writes it, and not ##name##")
    placeholders = text.count(PLACEHOLDER)
    if placeholders > MAX_VARIABLES or placeholders != len(row.variables):
        raise DltTemplateUnusable(
            f"the text has {placeholders} placeholders and there are {len(row.variables)} variables; name one for each,"
            f" {MAX_VARIABLES} at most, in their order and as MSG91's template names them"
        )
    lower = [name.lower() for name in row.variables]
    if len(set(lower)) < len(lower) or _RESERVED.intersection(lower):
        raise DltTemplateUnusable("each variable has a name of its own, and none is called mobiles, CRQID or UUID")
    locale = canonical(row.locale) if row.locale is not None else None
    if row.locale is not None and locale is None:
        raise DltTemplateUnusable("the locale must be a BCP 47 tag of language, script and region, such as hi or en-IN")
    return replace(row, text=text, locale=locale)


def _not_found() -> DltTemplateNotFound:
    return DltTemplateNotFound("there is no such registered text of yours; GET /v1/dlt-templates lists those that there are")


def _exists() -> DltTemplateExists:
    return DltTemplateExists("a text with this DLT template id is entered already; change that one, or mend the id")
