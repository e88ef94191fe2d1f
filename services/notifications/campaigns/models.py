"""The tables of campaigns; see migration 0012 for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

SUBJECT: Final = "notifications.campaign:"
"""What the subject key of a campaign's messages begins with; its id follows."""

PAUSED: Final = "campaign_paused"
"""Why a message of a paused campaign waits."""


class CampaignStatus(StrEnum):
    """draft: can be changed. scheduled: starts by itself. running: sends. paused: what has not been sent waits. The others are
    final: cancelled sends nothing more, finished has sent to everybody."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class PauseCause(StrEnum):
    """Who or what has stopped a campaign: somebody, too many bounces, too many complaints, or what became of its template."""

    ASKED = "asked"
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"
    TEMPLATE = "template"


class Campaign(Model):
    """One message to a segment of people, or to a list. Written by the statements of `repository.py` alone."""

    __tablename__ = "campaigns"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    name: Mapped[str]
    channel: Mapped[str]
    template_name: Mapped[str]
    template_version: Mapped[int | None]
    template_versions: Mapped[list[Any] | None] = mapped_column(JSONB)
    category: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(JSONB)
    locale: Mapped[str | None]
    segment: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    status: Mapped[str]
    scheduled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    per_minute: Mapped[int | None]
    total: Mapped[int]
    queued: Mapped[int]
    step: Mapped[int]
    paced: Mapped[int]
    next_step_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_queued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rates_checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rates_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    pause_cause: Mapped[str | None]
    pause_reason: Mapped[str | None]
    revision: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """What somebody decides about a campaign before it starts. segment: None for an uploaded list."""

    name: str
    channel: str
    template_name: str
    category: str
    context: dict[str, Any]
    locale: str | None
    segment: dict[str, Any] | None
    per_minute: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What has become of a campaign's messages so far.

    sent, failed, dropped: deliveries that have ended so. delivered, bounced, complained: what providers reported of the sent
    ones. rated_…: the same since the campaign was resumed after a pause of its own; rated_sent has those, too, that the
    provider refused for their address, which rated_bounced counts, and those of which it has told more than we have recorded.
    """

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    rated_sent: int = 0
    rated_bounced: int = 0
    rated_complained: int = 0

    @property
    def ended(self) -> int:
        """Messages of which nothing more is to come from us."""
        return self.sent + self.failed + self.dropped


@dataclass(frozen=True, slots=True)
class Cost:
    """What a campaign's SMS cost in one currency, in whole units of it.

    estimate: what those should that were taken so far, of `estimated` attempts. price: what providers have told, of `priced`.
    """

    currency: str
    estimate: Decimal
    estimated: int
    price: Decimal
    priced: int


def subject_of(campaign_id: UUID) -> str:
    """The subject key of a campaign's messages."""
    return f"{SUBJECT}{campaign_id}"


def campaign_of(subject_key: str | None) -> UUID | None:
    """The campaign that a subject key names, if it names one."""
    if subject_key is None or not subject_key.startswith(SUBJECT):
        return None
    try:
        return UUID(subject_key.removeprefix(SUBJECT))
    except ValueError:
        return None
