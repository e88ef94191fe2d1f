"""Telling people of alerts, by e-mail: once when one fires, and once when it is over."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from services.analytics.monitoring_alerts.models import MonitoringAlert
from shared.contracts import lanes
from shared.contracts.notifications import SendEmail
from shared.runtime.outbox import Publisher

TOGETHER: Final = 10
"""What more than so many alerts have to say at once is one mail: whoever gets fifty reads none."""


class Telling:
    """Publishes in one unit of work, so an alert and its mail exist together or not at all. emails: who is told."""

    def __init__(self, publisher: Publisher, emails: Sequence[str]) -> None:
        self._publisher = publisher
        self._emails = emails

    @property
    def reaches_somebody(self) -> bool:
        """Whether anybody is there to be told."""
        return bool(self._emails)

    def tell(self, alerts: Sequence[MonitoringAlert]) -> None:
        """Tell of what these are now."""
        if len(alerts) > TOGETHER:
            ordered = sorted(alerts, key=lambda one: (one.severity != "critical", one.state, one.rule, one.subject))
            firing = sum(one.state == "firing" for one in alerts)
            subject = f"[Waybill] {firing} alerts fire, {len(alerts) - firing} are over"
            self._send(subject, "\n\n".join(map(_paragraph, ordered)), _together(alerts), is_urgent=True)
            return
        for one in alerts:
            word = one.severity.upper() if one.state == "firing" else "RESOLVED"
            is_urgent = one.severity == "critical" and one.state == "firing"
            self._send(f"[Waybill] {word}: {one.summary}", _paragraph(one), f"{one.id}:{one.state}", is_urgent=is_urgent)

    def _send(self, subject: str, body: str, key: str, *, is_urgent: bool) -> None:
        for email in self._emails:
            mail = SendEmail(
                to_email=email,
                subject=" ".join(subject.split())[:300],
                body=body[:40_000],
                category="operations",
                dedupe_key=f"monitoring:{key}",
            )
            self._publisher.publish(mail, lane=lanes.NOTIFICATIONS_URGENT if is_urgent else lanes.NOTIFICATIONS_NORMAL)


def _together(alerts: Sequence[MonitoringAlert]) -> str:
    """What makes two such mails the same: that the same alerts are in the same state. Their end is not their beginning again."""
    states = sorted(f"{one.id}:{one.state}" for one in alerts)
    return sha256("\n".join(states).encode()).hexdigest()


def _paragraph(alert: MonitoringAlert) -> str:
    lines = [
        alert.summary,
        f"Rule: {alert.rule} ({alert.severity}), about {alert.subject}",
        f"Since: {alert.since:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if alert.resolved_at is not None:
        lines.append(f"Over since: {alert.resolved_at:%Y-%m-%d %H:%M:%S} UTC")
    if alert.runbook_url:
        lines.append(f"What to do: {alert.runbook_url}")
    return "\n".join(lines)
