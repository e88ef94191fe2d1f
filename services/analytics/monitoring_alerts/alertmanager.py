"""Alertmanager's webhook, version 4 (prometheus.io/docs/alerting/latest/configuration/#webhook_config). A foreign protocol: what
we do not know of it is passed over."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.analytics.monitoring_alerts.models import Severity
from services.analytics.monitoring_alerts.raising import RUNBOOKS, Told
from shared.contracts.lanes import LANES

_SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(("critical", "page", "error", "emergency", "fatal"), "critical"),
    **dict.fromkeys(("info", "none", "debug"), "info"),
}
MOST_LABELS = 100


def _written_out(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be written out, as 2026-11-29T08:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class WebhookAlert(BaseModel):
    """One alert of a group."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = Field(max_length=MOST_LABELS)
    annotations: dict[str, str] = Field(default_factory=dict, max_length=MOST_LABELS)
    startsAt: Moment | None = None  # noqa: N815 — as Alertmanager calls it.
    fingerprint: str | None = Field(None, max_length=200)

    def told(self, at: datetime) -> Told:
        """What it says, in our words. Without a fingerprint the labels are what tells it from others, as they do there."""
        labels = json.dumps(self.labels, sort_keys=True).encode()
        said = self.annotations
        name = self.labels.get("alertname") or "unnamed"
        return Told(
            rule=_line(name, 200),
            subject=_line(self.fingerprint or hashlib.sha256(labels).hexdigest()[:16], 200),
            severity=_SEVERITIES.get(self.labels.get("severity", "").lower(), "warning"),
            summary=_line(said.get("summary") or said.get("description") or said.get("message") or name, 1000),
            labels={_line(key, 200): _line(value, 1000) for key, value in self.labels.items()},
            runbook_url=_link(said.get("runbook_url", "")),
            since=min(self.startsAt, at) if self.startsAt else at,
            is_firing=self.status == "firing",
        )


class Webhook(BaseModel):
    """What Alertmanager posts: a group of alerts."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "version": "4",
                    "groupKey": '{}:{alertname="HighLatency"}',
                    "status": "firing",
                    "receiver": "waybill",
                    "alerts": [
                        {
                            "status": "firing",
                            "labels": {"alertname": "HighLatency", "severity": "critical", "lane": min(LANES)},
                            "annotations": {"summary": "p99 is above 2 s"},
                            "startsAt": "2026-11-20T06:00:00Z",
                            "endsAt": "0001-01-01T00:00:00Z",
                            "fingerprint": "7c39e2a1b0d4f586",
                        }
                    ],
                }
            ]
        },
    )

    version: Literal["4"] = Field(description="Of the protocol.")
    alerts: list[WebhookAlert] = Field(max_length=1000, description="Alertmanager's `max_alerts` keeps a group below this.")


class Accepted(BaseModel):
    """How many alerts were taken."""

    accepted: int


def _line(text: str, most: int) -> str:
    # PostgreSQL takes no NUL, and a mail's subject is one line.
    return " ".join(text.replace("\x00", " ").split())[:most]


def _link(text: str) -> str | None:
    # Whatever else it may be, somebody would click on it.
    return _line(text, 500) if text.startswith(("https://", "http://", RUNBOOKS)) else None
