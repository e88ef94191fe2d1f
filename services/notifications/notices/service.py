"""Notices of other services: from what has happened to a message for each channel, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.outcomes import CANCELLED
from services.notifications.deliveries.repository import storable
from services.notifications.locales import understood
from services.notifications.notices.bulk import MAX_ADDRESS_CHARS
from services.notifications.notices.dispatch import NO_ADDRESS, Asked, Dispatch, Ending
from services.notifications.notices.errors import NothingToSay
from services.notifications.notices.kinds import KINDS
from services.notifications.notices.links import Frontends, links_of
from services.notifications.notices.parts import AnyNotice, Part, Saying, part_id, parts_of, person_of
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.templates.repository import TemplateKey, TemplateReader
from shared.contracts.notifications import Notice, SendNotification
from shared.runtime.inbox.delivery import Received

N = TypeVar("N", bound=Notice)
_ENVELOPE: Final = frozenset(Notice.model_fields)
_UNREACHABLE: Final = Ending(
    DeliveryStatus.DROPPED, NO_ADDRESS, "there is no address for this channel; upsert one for the person"
)
_ERASED: Final = Ending(DeliveryStatus.DROPPED, CANCELLED, "the person was erased after this was asked for")


@dataclass(frozen=True, slots=True)
class _People:
    """Those whom notices name: who is known, and who was erased."""

    known: Mapping[str, Person]
    erased: Mapping[str, Person]

    def has_erased(self, one: Received[Any]) -> bool:
        """Whether whom a notice is for was erased while it was on its way."""
        gone = person_of(one.message, self.erased)
        return gone is not None and gone.erased_at is not None and one.occurred_at <= gone.erased_at


class Notices:
    """Carries out notices of all kinds.

    Whether somebody wants a message, and when, is left to the gates that each message passes before it is sent: then every
    reason for which it is not stands in its delivery.
    """

    def __init__(self, people: PersonReader, templates: TemplateReader, frontends: Frontends, dispatch: Dispatch) -> None:
        self._people = people
        self._templates = templates
        self._frontends = frontends
        self._dispatch = dispatch

    async def carry_out(self, received: Sequence[Received[N]]) -> None:
        """Publish the messages of notices of one kind. Raises NobodyReachable."""
        people = await self._find(one.message for one in received)
        frontends = await self._frontends.of({one.message.organization_id for one in received})
        asked: list[Asked] = []
        for one in received:
            saying = saying_of(one.message, frontends[one.message.organization_id])
            asked += _asked(one, saying, people)
        await self._dispatch.send(asked)

    async def notify(self, received: Sequence[Received[SendNotification]]) -> None:
        """Publish the messages of `send_notification`: over those channels that were asked for and that the template has.

        Raises NothingToSay and NobodyReachable.
        """
        people = await self._find(one.message for one in received)
        keys = {one.id: template_of(one.message, person_of(one.message, people.known)) for one in received}
        sources = await self._templates.effective(sorted(set(keys.values()), key=str))
        asked: list[Asked] = []
        for one in received:
            source = sources.get(keys[one.id])
            channels = channels_of(one.message, source.channels if source is not None else ())
            saying = Saying(one.message.notification_type, one.message.category, channels, one.message.context)
            asked += _asked(one, saying, people)
        await self._dispatch.send(asked)

    async def _find(self, notices: Any) -> _People:
        references = sorted({storable(one.to_person) for one in notices if one.to_person is not None})
        known = await self._people.find_many(references) if references else {}
        unknown = [one for one in references if one not in known]
        return _People(known, await self._people.erased(unknown) if unknown else {})


def saying_of(notice: Notice, frontend_url: str) -> Saying:
    """What a notice says: its own fields and links, and, where they leave a name free, what its sender adds."""
    kind = KINDS[type(notice)]
    fields = notice.model_dump(mode="json", exclude=set(_ENVELOPE))
    links = links_of(notice, frontend_url)
    main = {"link": links[kind.link]} if kind.link is not None else {}
    attachments = [f"{kind.document[0]}:{getattr(notice, kind.document[1])}"] if kind.document is not None else []
    return Saying(kind.template, kind.category, kind.channels, {**notice.context, **fields, **links, **main}, attachments)


def _asked(one: Received[Any], saying: Saying, people: _People) -> list[Asked]:
    notice: AnyNotice = one.message
    if people.has_erased(one):
        return [_pointless(one, saying, channel) for channel in saying.channels]
    facts: dict[str, str | None] = {"template_name": saying.template_name, "category": saying.category}
    facts |= {
        name: to[:MAX_ADDRESS_CHARS] for name in ("to_email", "to_phone") if (to := getattr(notice, name, None)) is not None
    }
    parts = parts_of(one.id, notice, saying, person_of(notice, people.known))
    return [Asked(one, part.id, part.channel, part.message, _ending_of(part), _facts_of(part, facts)) for part in parts]


def _pointless(one: Received[Any], saying: Saying, channel: str) -> Asked:
    # What the notice has for addresses are those that were erased.
    facts = {"template_name": saying.template_name, "category": saying.category, "to_email": None, "to_phone": None}
    return Asked(one, part_id(one.id, channel), channel, None, _ERASED, facts)


def _ending_of(part: Part) -> Ending | None:
    if part.problem is not None:
        return Ending(DeliveryStatus.FAILED, "bad_recipient", part.problem)
    return _UNREACHABLE if part.message is None else None


def _facts_of(part: Part, facts: Mapping[str, str | None]) -> Mapping[str, str | None]:
    # A message says itself whom it goes to.
    return facts if part.message is None else {name: facts[name] for name in ("template_name", "category")}


def template_of(notice: SendNotification, person: Person | None) -> TemplateKey:
    """Of what a notification is made, for the person's language unless it names one."""
    organization_id: UUID | None = notice.organization_id
    locale = notice.locale or (person.locale if person is not None else None) or "en"
    return TemplateKey(notice.notification_type, organization_id, understood(locale))


def channels_of(notice: SendNotification, has: Collection[str]) -> list[str]:
    """Those of the channels that its template has which a notification goes over. Raises NothingToSay."""
    name = notice.notification_type
    if not has:
        raise NothingToSay(f"no version of the template {name} is published; GET /v1/templates lists those that there are")
    channels = [channel for channel in has if notice.channels is None or channel in notice.channels]
    if not channels:
        wanted = ", ".join(notice.channels or ())
        raise NothingToSay(f"the template {name} has parts for {', '.join(has)} and none for {wanted}; write one")
    return channels
