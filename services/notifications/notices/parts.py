"""What a notice becomes: one message for each channel over which somebody is to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import JsonValue, ValidationError

from services.notifications.deliveries.repository import storable
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.typed_addresses import check_typed
from services.notifications.notices.errors import NobodyReachable
from services.notifications.notices.kinds import EMAIL, IN_APP, SMS
from services.notifications.people.models import Person
from shared.contracts.notifications import (
    ChannelSend,
    Notice,
    SendInApp,
    SendNotification,
    SendTemplatedEmail,
    SendTemplatedSms,
)
from shared.runtime.inbox.delivery import explain

AnyNotice = Notice | SendNotification

_TO: Final = {EMAIL: "to_email", SMS: "to_phone"}
_PASSED_ON: Final = ("organization_id", "requester", "dedupe_key", "valid_until", "subject_key", "retry", "locale")


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said, over whichever channel. attachments: references, for the e-mail."""

    template_name: str
    category: str
    channels: Sequence[str]
    context: Mapping[str, JsonValue]
    attachments: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One channel of a notice. message: None where there is no address for it, or one that is none: then `problem` says so."""

    id: UUID
    channel: str
    message: ChannelSend | None
    problem: str | None = None


def person_of(notice: AnyNotice, people: Mapping[str, Person]) -> Person | None:
    """Whom the notice goes to, where that is somebody known. An organization's notice reaches that organization's people only."""
    person = people.get(storable(notice.to_person)) if notice.to_person is not None else None
    foreign = person is not None and notice.organization_id not in (None, person.organization_id)
    return None if foreign else person


def part_id(notice_id: UUID, channel: str) -> UUID:
    """The id of a notice's message for a channel: the same whenever the notice comes."""
    return uuid5(notice_id, channel)


def parts_of(notice_id: UUID, notice: AnyNotice, saying: Saying, person: Person | None) -> list[Part]:
    """One part for each channel.

    Raises NobodyReachable where there is no address for any.
    """
    parts = []
    for channel in saying.channels:
        to = _recipient(channel, notice, person)
        message, problem = _tried(channel, notice, saying, to) if to is not None else (None, None)
        parts.append(Part(part_id(notice_id, channel), channel, message, problem))
    if all(part.message is None and part.problem is None for part in parts):
        raise NobodyReachable(_nobody(notice, saying.channels, person))
    return parts


def _recipient(channel: str, notice: AnyNotice, person: Person | None) -> dict[str, str] | None:
    """Whom the channel's message names: the person who has an address for it, else the address that the notice has."""
    known = person is not None and (channel == IN_APP or (person.email if channel == EMAIL else person.phone) is not None)
    if known and person is not None:
        return {"to_person": person.reference}
    field = _TO.get(channel, "")
    address = getattr(notice, field, None)
    return {field: address} if address is not None else None


def _tried(channel: str, notice: AnyNotice, saying: Saying, to: Mapping[str, str]) -> tuple[ChannelSend | None, str | None]:
    """The message, or why its address is none."""
    try:
        if "to_email" in to:
            check_typed(to["to_email"])
        return _message(channel, notice, saying, to), None
    except AddressUnusable as error:
        return None, error.detail
    except ValidationError as error:
        return None, explain(error)


def _message(channel: str, notice: AnyNotice, saying: Saying, to: Mapping[str, str]) -> ChannelSend:
    common: dict[str, Any] = {name: getattr(notice, name) for name in _PASSED_ON}
    common |= {"template_name": saying.template_name, "category": saying.category, "context": dict(saying.context), **to}
    if channel == SMS:
        return SendTemplatedSms(**common)
    if channel == IN_APP:
        return SendInApp(**common)
    return SendTemplatedEmail(**common, to_name=getattr(notice, "to_name", None), attachments=list(saying.attachments))


def _nobody(notice: AnyNotice, channels: Sequence[str], person: Person | None) -> str:
    wanted = ", ".join(_TO[channel] for channel in channels if channel in _TO)
    instead = f", or name {wanted}" if wanted and isinstance(notice, Notice) else ""
    if notice.to_person is None:
        return f"this notice goes by {' and '.join(channels)}, and names no address for that; name {wanted or 'to_person'}"
    if person is None:
        return f"nobody is known by the reference in to_person; upsert the person first{instead}"
    return f"the person in to_person has no address for {' or '.join(channels)}; upsert one{instead}"
