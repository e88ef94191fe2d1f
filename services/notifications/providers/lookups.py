"""What a provider can be asked about messages after it has taken them, where its call-backs have not said it.

LookupFailed (Transient, 503)    the provider could not be asked, or gave no answer that can be read
"""

import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.sms.price_models import Price
from shared.runtime.errors import Transient

_ENHANCED: Final = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")


_OF_MAIL: Final = {
    Receipt.BOUNCED_HARD: Verdict.BAD_RECIPIENT,
    Receipt.BOUNCED_SOFT: Verdict.SOFT_RECIPIENT,
    Receipt.BLOCKED: Verdict.BLOCKED,
    Receipt.COMPLAINED: Verdict.COMPLAINED,
}
REPORTING: Final = ("sendgrid", "ses", "twilio", "msg91")
"""The kinds of providers that report on what they have taken."""


class LookupFailed(Transient):
    code, title = "provider_lookup_failed", "The provider could not be asked"


class Listed(StrEnum):
    """Why a provider sends no more to an address. bounced: mail came back, or the address can be none. complained: the recipient
    called a mail spam. unsubscribed: the recipient wants no more mail of this account."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class ListedBounce:
    """An address to which a provider sends no more.

    address: as the provider wrote it. reason: its words or its name of the reason, without the address. status: an enhanced
    status code (RFC 3463), where it is known. at: when the address came onto the list. listed: why it is there.
    """

    address: str
    reason: str
    status: str | None
    at: datetime
    listed: Listed = Listed.BOUNCED


@dataclass(frozen=True, slots=True)
class Fate:
    """The most that a provider knows of one message.

    kind: None while there is nothing that a delivery could stand at. code: an enhanced status code or the provider's own number
    or name of the reason. detail: its words without the recipient's address, at most 300 characters. at: when it happened, where
    the provider says it. verdict: what it says of the recipient, the content or the account, as call-backs do. price: what the
    message cost, where the provider says it by now.
    """

    kind: Receipt | None
    at: datetime | None = None
    code: str | None = None
    detail: str | None = None
    verdict: Verdict | None = None
    price: Price | None = None


class BounceLister(Protocol):
    """A provider that lists the addresses to which it sends no more."""

    async def bounces(self, since: datetime) -> list[ListedBounce]:
        """All addresses that came onto the list at `since` or later, of all pages. Raises LookupFailed."""
        ...


class FateSource(Protocol):
    """A provider that can be asked for one message."""

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        """What became of the message; None where the provider does not know it, or does not tell this account.

        recipient: the address it went to, because mails that were handed over together can share an id. Raises LookupFailed.
        """
        ...


class PriceSource(Protocol):
    """A provider that can be asked what messages cost. Either raises LookupFailed."""

    async def price(self, message_id: str) -> Price | None:
        """Of one message; None where that is not known yet."""
        ...

    def listed_prices(self, message_ids: Collection[str], since: datetime, until: datetime) -> AsyncIterator[tuple[str, Price]]:
        """Of those of the messages that were sent in this time and of which it is known by now, as it is read."""
        ...


def verdict_of_mail(kind: Receipt | None) -> Verdict | None:
    """What the fate of an e-mail says of its recipient, where nothing more is known of it."""
    return _OF_MAIL.get(kind) if kind is not None else None


def enhanced_in(text: str | None) -> str | None:
    """The first enhanced status code (RFC 3463) in what a mail server or a provider says."""
    found = _ENHANCED.search(text or "")
    return found[0] if found else None


def instant(value: Any) -> datetime | None:
    """A time as providers' JSON has it: seconds since 1970, or RFC 3339. None for what is neither."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
