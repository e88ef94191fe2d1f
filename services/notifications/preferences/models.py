"""What somebody wants to get, and when; see migration 0009 for what each column says."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final
from uuid import UUID


class Channel(StrEnum):
    """What messages go over."""

    EMAIL = "email"
    SMS = "sms"
    IN_APP = "in_app"


class Choice(StrEnum):
    """hourly, daily, weekly: collected into a summary, which e-mail alone can do; see Cadence."""

    ON = "on"
    OFF = "off"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


class Cadence(StrEnum):
    """How often what is collected is told of, the most often first: an hour after the first message of several, each morning, or
    on Monday morning. Each is a choice of the same name."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


SUMMARIES: Final = tuple(Choice(cadence) for cadence in Cadence)
"""The choices that collect."""


class Source(StrEnum):
    """By which way a choice was changed. one_click: the button of a mail program (RFC 8058). mail: one to the address of
    List-Unsubscribe (RFC 2369), or the report of a mailbox provider. provider: what whoever carried the message was told."""

    OPERATOR = "operator"
    ONE_CLICK = "one_click"
    UNSUBSCRIBE_PAGE = "unsubscribe_page"
    PREFERENCE_PAGE = "preference_page"
    MAIL = "mail"
    PROVIDER = "provider"


EVERY_DAY: Final = frozenset(range(1, 8))
MAX_PAUSE_DAYS: Final = 30
"""Messages are held that long at most: the inbox remembers them for 30 days."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when until when, local time, on which days of the week (1 is Monday) they begin. Hours that end at or before their
    beginning end on the next day; those of no day are none at all."""

    begin: time
    end: time
    days: frozenset[int]

    @property
    def endless(self) -> bool:
        """Whether no moment lies between the end of one day's and the beginning of the next day's."""
        return self.begin == self.end and self.days == EVERY_DAY

    def __str__(self) -> str:
        days = ",".join(map(str, sorted(self.days)))
        return f"{self.begin:%H:%M}-{self.end:%H:%M} on {days}" if days else "none"


@dataclass(frozen=True, slots=True)
class Key:
    """What is chosen about."""

    category: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one person has said about times. quiet: None for the organization's. paused_until: nothing before that day."""

    person: str
    revision: int
    quiet: QuietHours | None
    paused_until: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history. before, after: choices, or times in short; None for what was left to the organization.

    person, address_hash: one of them. key_id: of the key that had signed the link.
    """

    what: str
    before: str | None
    after: str | None
    source: Source
    actor: str
    changed_at: datetime
    person: str | None = None
    address_hash: str | None = None
    organization_id: UUID | None = None
    category: str | None = None
    channel: str | None = None
    key_id: str | None = None
