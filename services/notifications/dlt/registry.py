"""Which registered text a message is, found for a whole batch at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from services.notifications.dlt.matching import MAX_VARIABLE_CHARS, too_long, values
from services.notifications.dlt.models import DltClass, RegisteredText
from services.notifications.dlt.repository import DltReader
from services.notifications.sms.provider import DltTemplate
from shared.runtime.db import ReadSession

_UNREGISTERED: Final = (
    "the text matches none that is registered: register it with DLT to the letter, with {#var#} for what changes, and enter it at"
    " POST /v1/dlt-templates"
)


@dataclass(frozen=True, slots=True)
class SmsText:
    """What an SMS says. organization_id: who sends it. template_name: ours that it was made of; None for a ready text."""

    id: UUID
    organization_id: UUID | None
    template_name: str | None
    locale: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Match:
    """A registered text and what this message has for its variables. text_id: of our row."""

    text_id: UUID
    dlt_class: DltClass
    template: DltTemplate


@dataclass(frozen=True, slots=True)
class Mismatch:
    """No registered text is this one. words: for people, without anything of the message but a variable's name."""

    reason: Literal["unregistered", "variable_too_long"]
    words: str


class Registry:
    """Looks texts up, in one statement for a batch. An organization's own count before those of everybody, texts of the very
    template and language before others, and the oldest first."""

    async def matches(self, session: ReadSession, texts: Sequence[SmsText]) -> Mapping[UUID, Match | Mismatch]:
        """For each text its match, or why there is none."""
        return await self.matches_of(DltReader(session), texts)

    async def matches_of(self, reader: DltReader, texts: Sequence[SmsText]) -> Mapping[UUID, Match | Mismatch]:
        """As matches, for whoever has a reader."""
        if not texts:
            return {}
        names = {one.template_name for one in texts if one.template_name is not None}
        known = await reader.active({one.organization_id for one in texts}, names)
        return {one.id: _matched(one, known) for one in texts}

    async def match(
        self, session: ReadSession, organization_id: UUID | None, texts: Mapping[UUID, tuple[str | None, str | None, str]]
    ) -> Mapping[UUID, DltTemplate | Mismatch]:
        """As matches, for one organization. texts: (template name or None, locale, body) by any ids."""
        asked = [SmsText(key, organization_id, name, locale, body) for key, (name, locale, body) in texts.items()]
        found = await self.matches(session, asked)
        return {key: one.template if isinstance(one, Match) else one for key, one in found.items()}


def _matched(sms: SmsText, known: Sequence[RegisteredText]) -> Match | Mismatch:
    candidates = sorted((one for one in known if _may_be(sms, one)), key=lambda one: _rank(sms, one))
    for one in candidates:
        found = values(one.text, sms.body)
        if found is not None:
            variables = tuple(zip(one.variables, found, strict=True))
            template = DltTemplate(one.dlt_template_id, one.provider_template_id, one.header, variables)
            return Match(one.id, DltClass(one.dlt_class), template)
    long_ones = (too_long(one.text, tuple(one.variables), sms.body) for one in candidates if one.variables)
    name = next((one for one in long_ones if one is not None), None)
    if name is not None:
        words = f"the variable {name} has more than {MAX_VARIABLE_CHARS} characters, which the operators refuse; make it shorter"
        return Mismatch("variable_too_long", words)
    return Mismatch("unregistered", _UNREGISTERED)


def _may_be(sms: SmsText, registered: RegisteredText) -> bool:
    is_theirs = registered.organization_id in (None, sms.organization_id)
    return is_theirs and (registered.template_name is None or registered.template_name == sms.template_name)


def _rank(sms: SmsText, registered: RegisteredText) -> tuple[bool, bool, bool]:
    return (registered.organization_id is None, registered.template_name is None, registered.locale != sms.locale)
