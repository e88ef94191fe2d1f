"""One e-mail to many: what is wrong with one recipient is recorded for that one, and keeps nobody else from the mail."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import ValidationError

from services.notifications.addresses import normal
from services.notifications.deliveries.letters import field_of
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.repository import storable
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.typed_addresses import check_typed
from services.notifications.notices.dispatch import Asked, Dispatch, Ending
from services.notifications.notices.kinds import EMAIL
from services.notifications.people.repository import PersonReader
from shared.contracts.message import MAX_BODY_BYTES
from shared.contracts.notifications import BulkRecipient, SendBulkEmail, SendTemplatedEmail
from shared.runtime.inbox.delivery import Received, explain

MAX_ADDRESS_CHARS: Final = 320
MAX_PERSON_CHARS: Final = 200
_COMMON: Final = (
    "template_name",
    "category",
    "organization_id",
    "requester",
    "dedupe_key",
    "valid_until",
    "subject_key",
    "retry",
)
_Received = Received[SendBulkEmail]
_Address = tuple[UUID, str]
"""An address in the list of a message."""


class BulkEmails:
    """Carries out `notifications.send_bulk_email`."""

    def __init__(self, dispatch: Dispatch, people: PersonReader) -> None:
        self._dispatch = dispatch
        self._people = people

    async def carry_out(self, received: Sequence[_Received]) -> None:
        """Publish one message for each recipient; an address or a person that stands there twice gets one.

        Who stands there by reference and by address gets the one by reference, since that has their language and preferences.
        """
        asked = [asked for one in received for asked in _recipients(one)]
        theirs = await self._addresses_of_people(asked)
        await self._dispatch.send([one for one in asked if _address(one) not in theirs])

    async def _addresses_of_people(self, asked: Sequence[Asked]) -> frozenset[_Address]:
        """The addresses of those whom a list names by reference, where it names addresses as well."""
        mixed = {one.notice.id for one in asked if _address(one) is not None}
        named = [(one, reference) for one in asked if one.notice.id in mixed and (reference := _person(one)) is not None]
        people = await self._people.find_many([reference for _, reference in named]) if named else {}
        found: set[_Address] = set()
        for one, reference in named:
            person, organization_id = people.get(reference), one.notice.message.organization_id
            if person is not None and person.email is not None and organization_id in (None, person.organization_id):
                found.add((one.notice.id, normal(EMAIL, person.email)))
        return frozenset(found)


def _recipients(one: _Received) -> Iterator[Asked]:
    seen: set[str] = set()
    for place, recipient in enumerate(one.message.email_list):
        asked = _asked(one, recipient, place)
        key = str(asked.id)
        if key not in seen:
            seen.add(key)
            yield asked


def _address(asked: Asked) -> _Address | None:
    address = field_of(asked.message, "to_email") if asked.message is not None else None
    return (asked.notice.id, normal(EMAIL, address)) if address is not None else None


def _person(asked: Asked) -> str | None:
    return field_of(asked.message, "to_person") if asked.message is not None else None


def _asked(one: _Received, recipient: BulkRecipient, place: int) -> Asked:
    try:
        message = _message(one.message, recipient)
    except ValidationError as error:
        return _bad(one, recipient, place, explain(error))
    except AddressUnusable as error:
        return _bad(one, recipient, place, error.detail)
    size = len(message.model_dump_json().encode())
    if size > MAX_BODY_BYTES:
        return _bad(one, recipient, place, f"with its context the message has {size} bytes, at most {MAX_BODY_BYTES} travel")
    # The id is made of the recipient and not of the place, so that a list that is sent anew in another order is the same.
    who = message.to_person or normal(EMAIL, message.to_email or "")
    return Asked(one, uuid5(one.id, f"{EMAIL}/{storable(who)}"), EMAIL, message, None, {})


def _message(bulk: SendBulkEmail, recipient: BulkRecipient) -> SendTemplatedEmail:
    """Raises ValidationError, and AddressUnusable for what looks like an address and is none."""
    fields: dict[str, Any] = {name: getattr(bulk, name) for name in _COMMON}
    context: Mapping[str, Any] = {**bulk.common_context, **recipient.context}
    fields |= {"to_email": recipient.to_email, "to_person": recipient.to_person}
    message = SendTemplatedEmail(**fields, to_name=recipient.to_name, locale=recipient.locale, context=dict(context))
    if message.to_email is not None:
        check_typed(message.to_email)
    return message


def _bad(one: _Received, recipient: BulkRecipient, place: int, words: str) -> Asked:
    address = recipient.to_email[:MAX_ADDRESS_CHARS] if recipient.to_email is not None else None
    person = recipient.to_person[:MAX_PERSON_CHARS] if recipient.to_person is not None else None
    facts = {"to_email": address, "to_person": person}
    ending = Ending(DeliveryStatus.FAILED, "bad_recipient", f"recipient {place + 1} of the list: {words}")
    return Asked(one, uuid5(one.id, f"{EMAIL}/place {place}"), EMAIL, None, ending, facts)
