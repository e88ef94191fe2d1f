"""Letters that a template makes for a person or an address."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.notifications.deliveries.errors import NotWrittenYet, RecipientUnknown, TemplateUnknown
from services.notifications.deliveries.letters import Letter, Written
from services.notifications.deliveries.repository import storable
from services.notifications.deliveries.text_repository import KeptText, TextRepository, TextRow
from services.notifications.email.mime import Content, mailbox, single_line
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.templates.rendering import Renderer, TemplateSource
from services.notifications.templates.repository import TemplateKey, TemplateReader
from shared.contracts.notifications import SendTemplatedEmail
from shared.runtime.db import Session
from shared.runtime.errors import Permanent

RENDERING_S: Final = 10.0
"""How long a batch renders, in all. Each template has a limit of its own, but a hundred at theirs would outlast the lane's."""

DEFAULT_LOCALE: Final = "en"
DEFAULT_TIME_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Whom a message goes to, and how that person reads."""

    address: str
    name: str | None
    locale: str
    time_zone: str


class TemplatedLetters:
    """Rendered once per delivery: what the first attempt said, every further one says, whatever is published meanwhile."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def write(self, session: Session, messages: Mapping[UUID, SendTemplatedEmail]) -> Mapping[UUID, Written]:
        """A letter for each, or RecipientUnknown, AddressUnusable, TemplateUnknown, TemplateUnusable or NotWrittenYet."""
        kept = await TextRepository(session).kept(list(messages))
        letters: dict[UUID, Written] = {key: _as_before(text) for key, text in kept.items()}
        new = {key: message for key, message in messages.items() if key not in letters}
        if not new:
            return letters
        people = await _people(session, new)
        recipients: dict[UUID, _Recipient] = {}
        for key, message in new.items():
            try:
                recipients[key] = _recipient(message, people)
            except Permanent as error:
                letters[key] = error
        keys = {key: TemplateKey(new[key].template_name, new[key].organization_id, to.locale) for key, to in recipients.items()}
        sources = await TemplateReader(session).effective(sorted(set(keys.values()), key=str))
        deadline = time.monotonic() + RENDERING_S
        for key, to in recipients.items():
            late = time.monotonic() > deadline
            letters[key] = NotWrittenYet(_NO_TIME) if late else self._written(new[key], to, sources.get(keys[key]))
        return letters

    async def keep(self, session: Session, letters: Mapping[UUID, Letter]) -> None:
        rows = [TextRow(key, letter.name, letter.content.text, letter.content.html) for key, letter in sorted(letters.items())]
        if rows:
            await TextRepository(session).keep(rows)

    def _written(self, message: SendTemplatedEmail, to: _Recipient, source: TemplateSource | None) -> Written:
        if source is None:
            return TemplateUnknown(
                f"no version of the template {message.template_name} is published; GET /v1/templates lists those that there are"
            )
        try:
            box = mailbox(to.address, to.name)
            content = self._renderer.render(source, message.context, locale=to.locale, time_zone=to.time_zone)
        except Permanent as error:
            return error
        # As the database can hold it, so that the first attempt says exactly what the later ones will.
        html = storable(content.html) if content.html is not None else None
        said = Content(single_line(content.subject), storable(content.text), html)
        return Letter(box, to.address, to.name, said, source.version)


_NO_TIME: Final = "the batch's time for rendering was used up before its turn"


async def _people(session: Session, messages: Mapping[UUID, SendTemplatedEmail]) -> Mapping[str, Person]:
    references = sorted({message.to_person for message in messages.values() if message.to_person is not None})
    return await PersonReader(session).find_many([storable(one) for one in references]) if references else {}


def _recipient(message: SendTemplatedEmail, people: Mapping[str, Person]) -> _Recipient:
    """Raises RecipientUnknown. An organization's message reaches that organization's people only."""
    if message.to_person is None:
        return _Recipient(message.to_email or "", _name(message.to_name), _locale(message.locale), DEFAULT_TIME_ZONE)
    person = people.get(storable(message.to_person))
    if person is None or message.organization_id not in (None, person.organization_id):
        raise RecipientUnknown("nobody is known by the reference in to_person; upsert the person first, or name to_email")
    if person.email is None:
        raise RecipientUnknown("the person in to_person has no e-mail address; upsert one, or name to_email")
    return _Recipient(
        person.email,
        _name(message.to_name or person.name),
        _locale(message.locale or person.locale),
        person.time_zone or DEFAULT_TIME_ZONE,
    )


def _name(name: str | None) -> str | None:
    return storable(name) if name is not None else None


def _locale(locale: str | None) -> str:
    return locale.replace("_", "-") if locale is not None else DEFAULT_LOCALE


def _as_before(text: KeptText) -> Letter:
    content = Content(text.subject, text.text, text.html)
    return Letter(mailbox(text.to_address, text.to_name), text.to_address, text.to_name, content, text.template_version)
