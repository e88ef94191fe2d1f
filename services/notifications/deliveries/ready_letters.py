"""Letters of messages that carry their text, which keeps it the same at every attempt."""

from collections.abc import Mapping
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.deliveries.errors import Refusal
from services.notifications.deliveries.letters import Addressee, Letter
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.typed_addresses import check_typed
from services.notifications.policies.repository import PolicyReader
from services.notifications.sms.errors import NumberUnusable
from services.notifications.sms.numbers import number
from services.notifications.templates.version_models import Uses
from shared.contracts.notifications import SendEmail, SendSms
from shared.runtime.db import Session


class ReadyEmails:
    """Of `notifications.send_email`."""

    def __init__(self, hasher: AddressHasher) -> None:
        self._hasher = hasher

    async def addressees(self, _: Session, messages: Mapping[UUID, SendEmail], /) -> Mapping[UUID, Addressee | Refusal]:
        return {key: self._addressee(message) for key, message in messages.items()}

    async def settle(self, _: Session, __: Mapping[UUID, SendEmail], /) -> Mapping[UUID, Uses]:
        return {}

    async def write(
        self, _: Session, messages: Mapping[UUID, SendEmail], to: Mapping[UUID, Addressee], /
    ) -> Mapping[UUID, Letter | Refusal]:
        return {key: _letter(message, to[key]) for key, message in messages.items()}

    async def keep(self, _: Session, letters: Mapping[UUID, Letter], /) -> None:
        """The message has it."""

    def _addressee(self, message: SendEmail) -> Addressee | Refusal:
        try:
            check_typed(message.to_email)
        except AddressUnusable as error:
            return error
        return Addressee(message.to_email, self._hasher.hash("email", message.to_email), name=message.to_name)


class ReadySms:
    """Of `notifications.send_sms`. country: whose numbers may be written without a plus where the organization names none."""

    def __init__(self, hasher: AddressHasher, country: str) -> None:
        self._hasher = hasher
        self._country = country

    async def addressees(self, session: Session, messages: Mapping[UUID, SendSms], /) -> Mapping[UUID, Addressee | Refusal]:
        own = {one.organization_id for one in messages.values() if one.organization_id is not None}
        countries = await PolicyReader(session).countries(own) if own else {}
        return {
            key: self._addressee(message, countries.get(message.organization_id, self._country))
            for key, message in messages.items()
        }

    async def settle(self, _: Session, __: Mapping[UUID, SendSms], /) -> Mapping[UUID, Uses]:
        return {}

    async def write(
        self, _: Session, messages: Mapping[UUID, SendSms], to: Mapping[UUID, Addressee], /
    ) -> Mapping[UUID, Letter | Refusal]:
        return {key: Letter(to[key], message.body) for key, message in messages.items()}

    async def keep(self, _: Session, letters: Mapping[UUID, Letter], /) -> None:
        """The message has it."""

    def _addressee(self, message: SendSms, country: str) -> Addressee | Refusal:
        try:
            to = number(message.to_phone, country)
        except NumberUnusable as error:
            return error
        return Addressee(to, self._hasher.hash("sms", to))


def _letter(message: SendEmail, to: Addressee) -> Letter:
    return Letter(to, message.body, message.subject, message.body_html, attachments=tuple(message.attachments))
