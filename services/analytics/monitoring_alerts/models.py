"""Alerts about the task system."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Severity = Literal["critical", "warning", "info"]
State = Literal["pending", "firing", "resolved"]
Source = Literal["waybill", "alertmanager"]

_MOMENT = DateTime(timezone=True)


class MonitoringAlert(Model):
    """One per rule and subject while it is open; see migration 0014 for what each column says."""

    __tablename__ = "monitoring_alerts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[Source] = mapped_column(Text)
    rule: Mapped[str]
    subject: Mapped[str]
    severity: Mapped[Severity] = mapped_column(Text)
    state: Mapped[State] = mapped_column(Text)
    summary: Mapped[str]
    figure: Mapped[float | None]
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    runbook_url: Mapped[str | None]
    since: Mapped[datetime] = mapped_column(_MOMENT)
    seen_at: Mapped[datetime] = mapped_column(_MOMENT)
    fired_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    told_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    resolved_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    told_resolved_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    acknowledged_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    acknowledged_by: Mapped[str | None]
    note: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is wrong with the task system, as data.

    limit: the figure above which it is wrong. for_s: for so long it must be so before anybody is told. clear_s: for so long it
    must not be so before the alert ends, so that what comes and goes is one alert.
    """

    name: str
    severity: Severity
    says: str
    limit: float = 0.0
    for_s: float = 0.0
    clear_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a rule has found. figure: what was held against the limit."""

    subject: str
    summary: str
    figure: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a rule has found at one moment.

    unknown: beginnings of subjects of which nothing could be learned now; "" for all. Their alerts stay as they are.
    """

    found: Sequence[Found]
    unknown: Sequence[str] = ()

    def knows(self, subject: str) -> bool:
        """Whether a subject that was not found is truly well."""
        return not any(subject.startswith(beginning) for beginning in self.unknown)
