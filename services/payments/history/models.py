"""What happened to refunds, their plans, periods, dunning, offers and disputes. The database writes it; see the migration."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

Subject = Literal["refund", "refund_plan", "period", "dunning", "offer", "dispute"]


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change. number: counts those of its subject, from 1. from_status: empty where it began. before, after: the columns that
    it changed, of those that matter."""

    number: int
    from_status: str
    to_status: str
    actor: str
    reason: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Meant:
    """Whose history. start_on: the first day of the period, for those of subscriptions."""

    subject: Subject
    subject_id: UUID
    start_on: date | None = None
