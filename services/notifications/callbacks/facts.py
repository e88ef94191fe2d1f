"""What an event of a provider says, in our words."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from services.notifications.providers.answers import MAX_DETAIL_CHARS, Verdict
from services.notifications.sms.told import Told

UNSUBSCRIBED: Final = Told("unsubscribed", None, Verdict.OPTED_OUT)
RESUBSCRIBED: Final = Told("resubscribed", None, None)
"""What the reader of a mail has said of what it was about. It moves no delivery; it is a choice of theirs."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+")
_NUMBER: Final = re.compile(r"\+?\d{8,15}")
_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
MAX_CODE_CHARS: Final = 50
MAX_ID_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to one message and recipient.

    told: what follows for the delivery and the list. delivery_id: as we have named it to the provider. message_id: the
    provider's own id of the message. recipient: whom it was about; None where the event names nobody. spellings: what may be
    the same recipient, where the event names it in several ways. occurred_at: as the provider says; None where it does not.
    detail: without addresses and numbers. if_marketing: what follows in the place of `told` where the delivery is of a marketing
    category. attempt: the number of the attempt, as we have named it to the provider. cost: an amount as the provider writes it,
    in the currency of its account.
    """

    told: Told
    channel: str
    delivery_id: UUID | None = None
    message_id: str | None = None
    recipient: str | None = None
    occurred_at: datetime | None = None
    code: str | None = None
    detail: str | None = None
    if_marketing: Told | None = None
    spellings: tuple[str, ...] = ()
    attempt: int | None = None
    cost: Any = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every way in which the recipient is named."""
        return (self.recipient, *self.spellings) if self.recipient is not None else self.spellings


@dataclass(frozen=True, slots=True)
class Word:
    """What a recipient has answered to an SMS: STOP, or START, which takes it back."""

    number: str
    is_stop: bool


Content = Fact | Word


def plain(text: Any) -> str | None:
    """A provider's words as they can be kept: one line, at most 300 characters, without addresses and numbers of people."""
    if not isinstance(text, str):
        return None
    line = " ".join(_CONTROL.sub(" ", text).split())
    return _NUMBER.sub("recipient", _ADDRESS.sub("recipient", line))[:MAX_DETAIL_CHARS] or None


def code_of(value: Any) -> str | None:
    """A provider's code: a short line."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return _CONTROL.sub("", text).strip()[:MAX_CODE_CHARS] or None


def id_of(value: Any) -> UUID | None:
    """A delivery's id as we have given it along; None for anything else."""
    return UUID(value) if isinstance(value, str) and _ID.fullmatch(value) else None


def text_of(value: Any) -> str | None:
    """A name or an id of a provider's: a text that can be looked for."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS and not _CONTROL.search(value) else None


def seconds_moment(value: Any) -> datetime | None:
    """A moment from seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def iso_moment(value: Any) -> datetime | None:
    """A moment from ISO 8601 with a time zone."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def sensible(occurred_at: datetime | None, received_at: datetime) -> datetime:
    """When it happened, as far as that can be: not before there were providers, and not after they have told us."""
    if occurred_at is None or occurred_at < _EARLIEST:
        return received_at
    return min(occurred_at, received_at)
