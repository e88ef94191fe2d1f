"""E-mails about alerts as the database holds them, and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

EmailStatus = Literal["requested", "sent", "failed", "dropped"]
EmailKind = Literal["alert", "digest"]


class AlertEmail(Model):
    """One mail to one recipient, about one alert or many. Its id is that of the message that asks for it, and of the delivery.

    cancelled_at: when notifications was asked not to send it after all. The other facts mirror what notifications reports.
    """

    __tablename__ = "alert_emails"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    recipient: Mapped[str]
    kind: Mapped[EmailKind] = mapped_column(Text)
    subject_key: Mapped[str]
    status: Mapped[EmailStatus] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    requested_by: Mapped[str]
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    retries: Mapped[int]
    error: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Group:
    """What waits for one recipient: the critical alerts, or the others. shipments: how many it concerns.

    digest_above: the lowest number of shipments above which a policy wants one mail. retries, interval_s: what the policies
    allow a mail, the most patient one counting.
    """

    organization_id: UUID
    recipient: str
    critical: bool
    shipments: int
    digest_above: int
    retries: int
    interval_s: int

    @property
    def wants_digest(self) -> bool:
        return self.shipments > self.digest_above


@dataclass(frozen=True, slots=True)
class ShipmentNews:
    """What one mail tells of one shipment: its highest alert, and how many lower steps the same mail covers.

    alert_ids: all that the mail covers. eta: the one that the alert is late by. holds: those in force.
    """

    organization_id: UUID
    recipient: str
    alert_id: UUID
    alert_ids: Sequence[UUID]
    severity: str
    step: int
    days_late: int
    raised_on: date
    eta: date
    original_eta: date
    customer: str
    reference: str
    carrier: str
    origin: str
    destination: str
    mode: str | None
    shipment_status: str
    last_free_day: date | None
    missing_documents: Sequence[str]
    holds: Sequence[dict[str, Any]]
    retries: int
    interval_s: int


@dataclass(frozen=True, slots=True)
class DigestNews:
    """What a digest tells: how many shipments, of which severity, and the worst of them. first: as many as a mail lists."""

    counts: dict[str, int]
    customers: int
    raised_on: date
    first: Sequence[dict[str, Any]]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class NewEmail:
    """A mail that is asked for."""

    id: UUID
    organization_id: UUID
    recipient: str
    kind: EmailKind
    subject_key: str
    requested_by: str


@dataclass(frozen=True, slots=True)
class EmailReport:
    """What notifications reports of a mail."""

    email_id: UUID
    status: EmailStatus
    finished_at: datetime
    retries: int
    error: str | None


@dataclass(frozen=True, slots=True)
class EmailDelay:
    """That a try of a mail has failed, and another one will follow."""

    email_id: UUID
    retries: int
    error: str


@dataclass(frozen=True, slots=True)
class ReportedAlert:
    """An alert whose mail was reported on."""

    alert_id: UUID
    email_id: UUID
    status: EmailStatus
    error: str | None
