"""What every template gets besides its own context, and the headers by which mail programs offer to unsubscribe."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from services.notifications.categories.models import BUILT_IN, LegalClass
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.channels import Attempt
from services.notifications.deliveries.letters import Addressee
from services.notifications.policies.models import Policy
from services.notifications.preferences.links import Links
from services.notifications.preferences.tokens import LinkSubject
from shared.contracts.notifications import ChannelSend
from shared.runtime.db import Session

_NO_POLICY: Final = Policy()
_MAY_BE_DECLINED: Final = {
    "reminders": LegalClass.SERVICE,
    "digests": LegalClass.SERVICE,
    "marketing": LegalClass.MARKETING,
}
"""Of the categories that Waybill brings along; all others of them are transactional. Migration 0009 has the same."""


class Surroundings:
    """Names and links that each template may use. frontend_url: where an organization has none of its own."""

    def __init__(self, links: Links, frontend_url: str, backend_url: str) -> None:
        self._links = links
        self._frontend_url = frontend_url.rstrip("/")
        self._backend_url = backend_url.rstrip("/")

    def of(self, channel: str, message: ChannelSend, to: Addressee, policy: Policy | None) -> Mapping[str, JsonValue]:
        """frontend_url, backend_url, organization_name, recipient_name, preferences_url, and unsubscribe_url, which is empty
        where there is nothing to unsubscribe from."""
        own = policy or _NO_POLICY
        subject = link_subject(channel, message, to)
        return {
            "frontend_url": (own.frontend_url or self._frontend_url).rstrip("/"),
            "backend_url": self._backend_url,
            "organization_name": own.display_name or "",
            "recipient_name": to.name or "",
            "unsubscribe_url": self._links.unsubscribe_url(subject) if _may_be_declined(message.category) else "",
            "preferences_url": self._links.preferences_url(subject),
        }


class UnsubscribeHeaders:
    """List-Unsubscribe and its companion (RFC 2369, RFC 8058), of e-mails that their reader may decline."""

    def __init__(self, links: Links) -> None:
        self._links = links

    async def headers(self, session: Session, attempts: Sequence[Attempt], /) -> Mapping[UUID, tuple[tuple[str, str], ...]]:
        """The headers by the deliveries' ids; those of what cannot be declined are missing."""
        own = {one.message.organization_id for one in attempts if one.message.category not in BUILT_IN}
        classes: dict[tuple[UUID | None, str], LegalClass] = {}
        for organization_id in sorted(own, key=str):
            for category in await CategoryReader(session).seen_by(organization_id):
                classes[organization_id, category.name] = category.legal_class
        return {
            one.delivery_id: self._links.unsubscribe_headers(link_subject("email", one.message, one.letter.to))
            for one in attempts
            if _class_of(one.message, classes) is not LegalClass.TRANSACTIONAL
        }


def _may_be_declined(category: str) -> bool:
    return category not in BUILT_IN or category in _MAY_BE_DECLINED


def link_subject(channel: str, message: ChannelSend, to: Addressee) -> LinkSubject:
    """Whose preferences the links of a message are about."""
    by_person = to.reference is not None
    return LinkSubject(
        channel=channel,
        category=message.category,
        organization_id=message.organization_id,
        person=to.reference,
        address_hash=None if by_person else to.address_hash,
    )


def _class_of(message: ChannelSend, classes: Mapping[tuple[UUID | None, str], LegalClass]) -> LegalClass:
    # A category that nobody has declared may be declined: that errs towards the reader.
    if message.category in BUILT_IN:
        return _MAY_BE_DECLINED.get(message.category, LegalClass.TRANSACTIONAL)
    return classes.get((message.organization_id, message.category), LegalClass.SERVICE)
