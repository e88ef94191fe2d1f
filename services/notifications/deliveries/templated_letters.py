"""Letters that a template makes for a person, an address or a number."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, Generic, TypeVar
from uuid import UUID

from pydantic import JsonValue

from services.notifications.addresses import AddressHasher
from services.notifications.categories.models import Law
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.errors import NotWrittenYet, RecipientUnknown, Refusal
from services.notifications.deliveries.letters import Addressee, Letter
from services.notifications.deliveries.repository import storable
from services.notifications.deliveries.settled_versions import Owned, SettledVersions
from services.notifications.deliveries.surroundings import Surroundings, about
from services.notifications.deliveries.template_fit import fit
from services.notifications.deliveries.text_repository import KeptText, TextRepository, TextRow
from services.notifications.email.mime import single_line
from services.notifications.email.typed_addresses import check_typed
from services.notifications.locales import understood
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyReader
from services.notifications.sms.numbers import number
from services.notifications.templates.rendering import Renderer, TemplateSource
from services.notifications.templates.rendering_thread import in_slices
from services.notifications.templates.repository import TemplateKey
from services.notifications.templates.variables import check_context
from services.notifications.templates.version_models import Uses, used_over
from shared.contracts.notifications import SendTemplatedEmail, SendTemplatedSms, SendUrgentEmail
from shared.runtime.db import Session
from shared.runtime.errors import Permanent

RENDERING_S: Final = 2.0
"""How long a batch renders, in all; the rest has its turn in the next one. The claim is a transaction, in which dedupe keys are
locked, and others wait for them for 10 s at most; and a worker takes nothing more urgent meanwhile."""

DEFAULT_LOCALE: Final = "en"
DEFAULT_TIME_ZONE: Final = "UTC"
NO_TIME: Final = "the batch's time for rendering was used up before its turn"

_NO_POLICY: Final = Policy()

Templated = SendTemplatedEmail | SendTemplatedSms | SendUrgentEmail
M = TypeVar("M", bound=Templated)


class TemplatedLetters(ABC, Generic[M]):
    """Rendered once per delivery: what the first attempt said, every further one says, whatever is published meanwhile.

    surroundings: what every template gets besides its context: links and names.
    """

    channel: str

    def __init__(self, renderer: Renderer, hasher: AddressHasher, surroundings: Surroundings) -> None:
        self._renderer = renderer
        self._hasher = hasher
        self._surroundings = surroundings

    async def addressees(self, session: Session, messages: Mapping[UUID, M], /) -> Mapping[UUID, Addressee | Refusal]:
        """An addressee for each, or RecipientUnknown, AddressUnusable or NumberUnusable. An attempt after the first goes to the
        address of the first."""
        people = await _people(session, messages)
        policies = await _policies(session, messages)
        kept = await TextRepository(session).addresses(list(messages))
        return {
            key: self._addressee(message, people, policies.get(message.organization_id), kept.get(key))
            for key, message in messages.items()
        }

    async def write(
        self, session: Session, messages: Mapping[UUID, M], to: Mapping[UUID, Addressee], /
    ) -> Mapping[UUID, Letter | Refusal]:
        """A letter for each, or TemplateUnknown, TemplateUnusable or NotWrittenYet."""
        kept = await TextRepository(session).kept(list(messages))
        letters: dict[UUID, Letter | Refusal] = {
            key: _as_before(text, messages[key], to[key]) for key, text in kept.texts.items()
        }
        new = {key: message for key, message in messages.items() if key not in letters}
        if not new:
            return letters
        keys = {key: _template_key(message, to[key]) for key, message in new.items()}
        sources = await SettledVersions(session).sources(keys, kept.versions)
        policies = await _policies(session, new)
        laws = await CategoryReader(session).laws({about(message, to[key]) for key, message in new.items()})
        jobs: dict[UUID, Callable[[], Letter | Refusal]] = {}
        for key, message in new.items():
            policy, law = policies.get(message.organization_id), laws[about(message, to[key])]
            context = {**message.context, **self._surroundings.of(self.channel, message, to[key], policy, law)}
            jobs[key] = partial(self._written, message, to[key], sources[key], context, law)
        written = await in_slices(jobs, RENDERING_S)
        return letters | {key: written.get(key) or NotWrittenYet(NO_TIME) for key in new}

    async def settle(self, session: Session, messages: Mapping[UUID, M], /) -> Mapping[UUID, Uses]:
        """Those that are published now, where no others are settled."""
        kept = await TextRepository(session).kept(list(messages))
        owned = {
            key: Owned(message.template_name or "", message.organization_id)
            for key, message in messages.items()
            if key not in kept.texts and key not in kept.versions
        }
        published = await SettledVersions(session).published(set(owned.values())) if owned else {}
        return {key: published[one] for key, one in owned.items() if one in published}

    async def keep(self, session: Session, letters: Mapping[UUID, Letter], /) -> None:
        rows = [TextRow(key, letter.to.name, letter.text, letter.html) for key, letter in sorted(letters.items())]
        if rows:
            await TextRepository(session).keep(rows)

    def _addressee(
        self, message: M, people: Mapping[str, Person], policy: Policy | None, kept: tuple[str, str | None] | None
    ) -> Addressee | Refusal:
        policy = policy or _NO_POLICY
        try:
            person = _person(message, people) if message.to_person is not None else None
            address = kept[0] if kept is not None else self._address(message, person, policy)
        except Permanent as error:
            # Whom the first attempt was for may be gone by now.
            if kept is None:
                return error
            person, address = None, kept[0]
        named = getattr(message, "to_name", None) or (person.name if person is not None else None)
        name = kept[1] if kept is not None else named
        locale = message.locale or (person.locale if person else None) or policy.locale or DEFAULT_LOCALE
        return Addressee(
            address,
            self._hasher.hash(self.channel, address),
            reference=person.reference if person is not None else None,
            name=storable(name) if name is not None else None,
            locale=understood(locale),
            time_zone=(person.time_zone if person is not None else None) or policy.time_zone,
        )

    def _written(
        self, message: M, to: Addressee, source: TemplateSource | None, context: Mapping[str, JsonValue], law: Law
    ) -> Letter | Refusal:
        try:
            source = fit(source, message.template_name or "", message.category, law)
            check_context(source, context)
            letter = self._render(to, source, context)
            return replace(
                letter,
                attachments=_attachments(message),
                template_version=source.version,
                template_versions=used_over(source.made_of, self.channel),
            )
        except Permanent as error:
            return error

    @abstractmethod
    def _address(self, message: M, person: Person | None, policy: Policy) -> str:
        """Where the message goes. Raises what says that it can go nowhere."""

    @abstractmethod
    def _render(self, to: Addressee, source: TemplateSource, context: Mapping[str, JsonValue]) -> Letter:
        """What the template makes. Raises TemplateUnusable."""


class TemplatedEmails(TemplatedLetters[M]):
    """Of messages that become an e-mail."""

    channel = "email"

    def _address(self, message: M, person: Person | None, policy: Policy) -> str:  # noqa: ARG002 - numbers alone need it
        assert not isinstance(message, SendTemplatedSms), "an SMS is no e-mail"
        if person is not None and person.email is None:
            raise RecipientUnknown("the person in to_person has no e-mail address; upsert one, or name to_email")
        address = person.email if person is not None and person.email is not None else message.to_email or ""
        check_typed(address)
        return address

    def _render(self, to: Addressee, source: TemplateSource, context: Mapping[str, JsonValue]) -> Letter:
        zone = to.time_zone or DEFAULT_TIME_ZONE
        content = self._renderer.render(source, context, locale=to.locale, time_zone=zone)
        # As the database can hold it, so that the first attempt says exactly what the later ones will.
        html = storable(content.html) if content.html is not None else None
        return Letter(to, storable(content.text), single_line(content.subject), html)


class TemplatedSms(TemplatedLetters[SendTemplatedSms]):
    """Of messages that become an SMS. country: whose numbers may be written without a plus, where the organization names none."""

    channel = "sms"

    def __init__(self, renderer: Renderer, hasher: AddressHasher, surroundings: Surroundings, country: str) -> None:
        super().__init__(renderer, hasher, surroundings)
        self._country = country

    def _address(self, message: SendTemplatedSms, person: Person | None, policy: Policy) -> str:
        if person is not None and person.phone is None:
            raise RecipientUnknown("the person in to_person has no phone number; upsert one, or name to_phone")
        return number((person.phone if person is not None else None) or message.to_phone or "", policy.country or self._country)

    def _render(self, to: Addressee, source: TemplateSource, context: Mapping[str, JsonValue]) -> Letter:
        zone = to.time_zone or DEFAULT_TIME_ZONE
        text = self._renderer.render_sms(source, context, locale=to.locale, time_zone=zone)
        return Letter(to, storable(text))


async def _policies(session: Session, messages: Mapping[UUID, M]) -> Mapping[UUID | None, Policy]:
    organizations = {one.organization_id for one in messages.values() if one.organization_id is not None}
    found = await PolicyReader(session).find_many(list(organizations)) if organizations else {}
    return {organization_id: policy for organization_id, policy in found.items()}  # noqa: C416 - None becomes a key's type


async def _people(session: Session, messages: Mapping[UUID, M]) -> Mapping[str, Person]:
    references = sorted({message.to_person for message in messages.values() if message.to_person is not None})
    return await PersonReader(session).find_many([storable(one) for one in references]) if references else {}


def _person(message: Templated, people: Mapping[str, Person]) -> Person:
    """Raises RecipientUnknown. An organization's message reaches that organization's people only."""
    person = people.get(storable(message.to_person or ""))
    if person is None or message.organization_id not in (None, person.organization_id):
        raise RecipientUnknown("nobody is known by the reference in to_person; upsert the person first, or name an address")
    return person


def _template_key(message: Templated, to: Addressee) -> TemplateKey:
    return TemplateKey(message.template_name or "", message.organization_id, to.locale)


def _attachments(message: Templated) -> tuple[str, ...]:
    return tuple(getattr(message, "attachments", ()))


def _as_before(text: KeptText, message: Templated, to: Addressee) -> Letter:
    return Letter(to, text.text, text.subject, text.html, text.template_version, _attachments(message), text.template_versions)
