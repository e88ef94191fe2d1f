"""Letters of urgent e-mails, which carry their text or name a template."""

from collections.abc import Mapping
from uuid import UUID

from services.notifications.deliveries.errors import Refusal
from services.notifications.deliveries.letters import Addressee, Letter
from services.notifications.deliveries.ready_letters import ReadyEmails
from services.notifications.deliveries.templated_letters import TemplatedEmails
from services.notifications.templates.version_models import Uses
from shared.contracts.notifications import SendEmail, SendUrgentEmail
from shared.runtime.db import Session

Messages = Mapping[UUID, SendUrgentEmail]


class UrgentEmails:
    """Of `notifications.send_urgent_email`."""

    def __init__(self, ready: ReadyEmails, templated: TemplatedEmails[SendUrgentEmail]) -> None:
        self._ready = ready
        self._templated = templated

    async def addressees(self, session: Session, messages: Messages, /) -> Mapping[UUID, Addressee | Refusal]:
        ready, templated = _split(messages)
        found = dict(await self._ready.addressees(session, ready))
        return found | dict(await self._templated.addressees(session, templated)) if templated else found

    async def write(
        self, session: Session, messages: Messages, to: Mapping[UUID, Addressee], /
    ) -> Mapping[UUID, Letter | Refusal]:
        ready, templated = _split(messages)
        found = dict(await self._ready.write(session, ready, to))
        return found | dict(await self._templated.write(session, templated, to)) if templated else found

    async def settle(self, session: Session, messages: Messages, /) -> Mapping[UUID, Uses]:
        _, templated = _split(messages)
        return await self._templated.settle(session, templated) if templated else {}

    async def keep(self, session: Session, letters: Mapping[UUID, Letter], /) -> None:
        await self._templated.keep(
            session, {key: letter for key, letter in letters.items() if letter.template_version is not None}
        )


def _split(messages: Messages) -> tuple[dict[UUID, SendEmail], dict[UUID, SendUrgentEmail]]:
    templated = {key: message for key, message in messages.items() if message.template_name is not None}
    return {key: _plain(message) for key, message in messages.items() if key not in templated}, templated


def _plain(message: SendUrgentEmail) -> SendEmail:
    fields = message.model_dump(include=set(SendEmail.model_fields) & set(SendUrgentEmail.model_fields))
    return SendEmail.model_validate(fields)
