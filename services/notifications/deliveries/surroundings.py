"""What every template gets besides its own context, and the headers by which mail programs offer to unsubscribe."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from pydantic import JsonValue

from services.notifications.categories.models import About, Law, LegalClass
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.channels import Attempt
from services.notifications.deliveries.letters import Addressee
from services.notifications.policies.models import Policy
from services.notifications.preferences.links import Links
from services.notifications.preferences.tokens import LinkSubject
from shared.contracts.notifications import ChannelSend
from shared.runtime.db import Session

Headers = tuple[tuple[str, str], ...]
BULK: Final = ("Precedence", "bulk")
_NO_POLICY: Final = Policy()


class Surroundings:
    """Names and links that each template may use. frontend_url: where an organization has none of its own."""

    def __init__(self, links: Links, frontend_url: str, backend_url: str) -> None:
        self._links = links
        self._frontend_url = frontend_url.rstrip("/")
        self._backend_url = backend_url.rstrip("/")

    def of(self, channel: str, message: ChannelSend, to: Addressee, policy: Policy | None, law: Law) -> Mapping[str, JsonValue]:
        """frontend_url, backend_url, organization_name, recipient_name, preferences_url, and unsubscribe_url, which is empty
        where there is nothing to unsubscribe from. law: of the message's category."""
        own = policy or _NO_POLICY
        subject = link_subject(channel, message, to)
        return {
            "frontend_url": (own.frontend_url or self._frontend_url).rstrip("/"),
            "backend_url": self._backend_url,
            "organization_name": own.display_name or "",
            "recipient_name": to.name or "",
            "unsubscribe_url": self._links.unsubscribe_url(subject) if law.can_be_declined else "",
            "preferences_url": self._links.preferences_url(subject),
        }


class DeliveryAddresses(Protocol):
    """Addresses of deliveries' own."""

    def for_delivery(self, delivery_id: UUID) -> str: ...


class UnsubscribeHeaders:
    """List-Unsubscribe and its companion (RFC 2369, RFC 8058), of e-mails that their reader may decline; and what marks marketing
    as such, on whichever lane it travels. addresses: where they are declined by mail; None where none comes in."""

    def __init__(self, links: Links, addresses: DeliveryAddresses | None) -> None:
        self._links = links
        self._addresses = addresses

    async def headers(self, session: Session, attempts: Sequence[Attempt], /) -> Mapping[UUID, Headers]:
        """The headers by the deliveries' ids; those of what cannot be declined are missing."""
        laws = await CategoryReader(session).laws({about(one.message, one.letter.to) for one in attempts})
        return {
            one.delivery_id: self._headers(one, law.legal_class)
            for one in attempts
            if (law := laws[about(one.message, one.letter.to)]).can_be_declined
        }

    def _headers(self, attempt: Attempt, legal_class: LegalClass) -> Headers:
        subject = link_subject("email", attempt.message, attempt.letter.to)
        mail_to = self._addresses.for_delivery(attempt.delivery_id) if self._addresses is not None else None
        found = self._links.unsubscribe_headers(subject, mail_to)
        return (*found, BULK) if legal_class is LegalClass.MARKETING else found


def about(message: ChannelSend, to: Addressee) -> About:
    """By what the law of a message's category is asked for."""
    return About(message.category, message.organization_id, to.reference)


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
