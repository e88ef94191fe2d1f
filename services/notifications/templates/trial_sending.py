"""Sending a version to somebody who tries it, by the same messages as everything that is sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.notifications.email.mime import Content
from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.service import Templates
from services.notifications.templates.trials import Trial
from shared.contracts.notifications import SendEmail, SendSms
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher

MARK: Final = "[Test] "
CATEGORY: Final = "account"
"""Transactional, so that who tries a text does not wait for the end of quiet hours."""
VALID: Final = timedelta(hours=1)
_MAX_BODY_CHARS: Final = 48_000
_MAX_SUBJECT_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class TrialRecipient:
    """One of the two."""

    to_email: str | None
    to_phone: str | None


@dataclass(frozen=True, slots=True)
class SentTrial:
    """id: of the delivery. channel: `email` or `sms`."""

    id: UUID
    channel: str
    version: int
    locale: str


class TrialSending:
    """Sends tests of published versions and of drafts. What it publishes carries the text, since a draft is nobody else's."""

    def __init__(self, templates: Templates, publisher: Publisher, clock: Clock) -> None:
        self._templates = templates
        self._publisher = publisher
        self._clock = clock

    async def send(self, name: str, organization_id: UUID | None, trial: Trial, to: TrialRecipient) -> SentTrial:
        """Publish one message. Raises what Templates.preview does, and TemplateUnusable where a part is missing or too large."""
        source, made = await self._templates.preview(name, organization_id, trial)
        if to.to_email is not None:
            message = self._publisher.publish(self._email(to.to_email, organization_id, made.content))
            return SentTrial(message, "email", source.version, source.locale)
        message = self._publisher.publish(self._sms(to.to_phone or "", organization_id, made.sms))
        return SentTrial(message, "sms", source.version, source.sms_locale or source.locale)

    def _email(self, to: str, organization_id: UUID | None, content: Content | None) -> SendEmail:
        if content is None:
            raise TemplateUnusable("the template has no e-mail; name to_phone, or write a subject and text or html")
        for part, text in (("text", content.text), ("html", content.html)):
            if text is not None and len(text) > _MAX_BODY_CHARS:
                raise TemplateUnusable(f"the {part} becomes more than {_MAX_BODY_CHARS:,} characters, too many for a test")
        return SendEmail(
            to_email=to,
            subject=(MARK + content.subject)[:_MAX_SUBJECT_CHARS],
            body=_storable(content.text),
            body_html=_storable(content.html) if content.html is not None else None,
            category=CATEGORY,
            organization_id=organization_id,
            valid_until=self._clock() + VALID,
        )

    def _sms(self, to: str, organization_id: UUID | None, text: str | None) -> SendSms:
        if text is None:
            raise TemplateUnusable("the template has no sms; name to_email, or write one")
        # Not marked: an Indian SMS has to be the registered text, to the letter.
        valid_until = self._clock() + VALID
        return SendSms(
            to_phone=to, body=_storable(text), category=CATEGORY, organization_id=organization_id, valid_until=valid_until
        )


def _storable(text: str) -> str:
    """Without NUL, which a variable may hold and PostgreSQL may not."""
    return text.replace("\x00", "") or " "
