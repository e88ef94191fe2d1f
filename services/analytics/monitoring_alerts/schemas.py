"""Alerts on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.analytics.monitoring_alerts.models import MonitoringAlert, Severity, Source, State
from shared.contracts import lanes
from shared.runtime.http.pages import Page
from shared.runtime.operations.schemas import Asked, Sentence, Shown


class MonitoringAlertOut(Shown):
    """One alert. There is one at most that is open, of each rule and subject."""

    id: UUID
    source: Source = Field(description="Who found it: our own rules, or an Alertmanager.")
    rule: str = Field(examples=["backlog"])
    subject: str = Field(
        description="What it is about; of an Alertmanager's, the fingerprint.", examples=[lanes.NOTIFICATIONS_BULK.name]
    )
    severity: Severity
    state: State = Field(description="pending: it is so, and not for long enough yet that anybody is told.")
    summary: str
    figure: float | None = Field(description="What was held against the rule's limit.")
    labels: dict[str, Any] = Field(description="Of an Alertmanager's.")
    runbook_url: str | None
    since: datetime = Field(description="It has been so since then.")
    seen_at: datetime = Field(description="When it was last seen to be so.")
    fired_at: datetime | None
    told_at: datetime | None = Field(description="When people were told; null while a silence holds.")
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    is_silenced: bool = Field(False, description="Whether a silence is over it now.")


class MonitoringAlertPage(Page[MonitoringAlertOut]):
    """Alerts, and how fresh this is."""

    evaluated_at: datetime | None = Field(description="When rules were last held against what is; null before the first time.")


class RuleOut(Shown):
    """A rule."""

    name: str
    severity: Severity
    says: str
    limit: float = Field(description="The figure above which it is so.")
    for_s: float = Field(description="For so long it must be so before the alert fires.")
    clear_s: float = Field(description="For so long it must not be so before the alert ends.")


class RuleList(BaseModel):
    """All rules."""

    items: list[RuleOut]


class Acknowledge(Asked):
    """What you will do about it."""

    note: Sentence = Field(examples=["looking into it; the provider says until noon"])


def shown(alert: MonitoringAlert, *, is_silenced: bool) -> MonitoringAlertOut:
    """An alert as people see it."""
    return MonitoringAlertOut.model_validate(alert).model_copy(update={"is_silenced": is_silenced})
