"""One alert per rule and subject: raised when what it is about has been so for long enough, ended when it is no more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.analytics.monitoring_alerts.models import Found, Look, MonitoringAlert, Rule, Severity
from services.analytics.monitoring_alerts.repository import MonitoringAlertRepository
from services.analytics.monitoring_alerts.telling import Telling
from services.analytics.silences.models import Silence
from shared.runtime.ids import uuid7

KEPT: Final = timedelta(days=90)
RUNBOOKS: Final = "docs/runbooks/"
"""What the links of this repository's rules for Prometheus begin with. Prometheus does not know where people read them."""
UNHEARD: Final = timedelta(hours=24)
"""Alertmanager repeats what fires every few hours; what it has not repeated for so long is over."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that another system has raised or ended. subject: its fingerprint. runbook_url: whole, or of this repository."""

    rule: str
    subject: str
    severity: Severity
    summary: str
    labels: Mapping[str, Any]
    runbook_url: str | None
    since: datetime
    is_firing: bool


class Raising:
    """Changes alerts in one unit of work, and tells of each change once. runbooks: what links to runbooks begin with."""

    def __init__(
        self, alerts: MonitoringAlertRepository, telling: Telling, silences: Sequence[Silence], at: datetime, runbooks: str
    ) -> None:
        self._alerts = alerts
        self._telling = telling
        self._silences = silences
        self._at = at
        self._runbooks = runbooks.rstrip("/")

    async def apply(self, looks: Iterable[tuple[Rule, Look]]) -> list[MonitoringAlert]:
        """Bring our own alerts to what rules have found. Returns those that are open afterwards."""
        opened, changed, rules = await self._alerts.open("waybill"), [], set()
        for rule, look in looks:
            rules.add(rule.name)
            found = {one.subject[:300]: one for one in look.found}
            changed += [self._found(rule, subject, one, opened) for subject, one in found.items()]
            gone = [one for key, one in opened.items() if key[0] == rule.name and key[1] not in found and look.knows(key[1])]
            changed += await self._gone(rule.clear_s, gone)
        changed += await self._gone(0, [one for key, one in opened.items() if key[0] not in rules])
        heard = list((await self._alerts.open("alertmanager")).values())
        await self._gone(0, [one for one in heard if self._at - one.seen_at > UNHEARD])
        # Nothing may come of them for hours, and a silence that was over them ends meanwhile.
        changed += heard
        self._tell(changed)
        await self._alerts.forget(self._at - KEPT)
        return list((await self._alerts.open("waybill")).values())

    async def take(self, told: Sequence[Told]) -> None:
        """Bring another system's alerts to what it says. The same again changes nothing."""
        await self._alerts.hold()
        opened, changed = await self._alerts.open("alertmanager"), []
        for one in told:
            known = opened.get((one.rule, one.subject))
            if not one.is_firing:
                changed += await self._gone(0, [known] if known else [])
                continue
            alert = known or self._new("alertmanager", one.rule, one.subject, one.since)
            alert.severity, alert.summary, alert.labels = one.severity, one.summary, dict(one.labels)
            alert.runbook_url, alert.seen_at = self._runbook(one.runbook_url), self._at
            self._fire(alert)
            opened[one.rule, one.subject] = alert
            changed.append(alert)
            if known is None:
                self._alerts.add(alert)
        self._tell(list({one.id: one for one in changed}.values()))

    def _found(
        self, rule: Rule, subject: str, found: Found, opened: Mapping[tuple[str, str], MonitoringAlert]
    ) -> MonitoringAlert:
        known = opened.get((rule.name, subject))
        alert = known or self._new("waybill", rule.name, subject, self._at)
        alert.severity, alert.summary, alert.figure, alert.seen_at = rule.severity, found.summary[:1000], found.figure, self._at
        alert.runbook_url = self._runbook(f"{RUNBOOKS}monitoring-alerts.md#{rule.name}")
        if self._at - alert.since >= timedelta(seconds=rule.for_s):
            self._fire(alert)
        if known is None:
            self._alerts.add(alert)
        return alert

    def _runbook(self, link: str | None) -> str | None:
        return f"{self._runbooks}/{link.removeprefix(RUNBOOKS)}" if link and link.startswith(RUNBOOKS) else link

    def _new(self, source: Any, rule: str, subject: str, since: datetime) -> MonitoringAlert:
        return MonitoringAlert(
            id=uuid7(), source=source, rule=rule, subject=subject, state="pending", labels={}, since=since, seen_at=self._at
        )

    def _fire(self, alert: MonitoringAlert) -> None:
        if alert.state == "pending":
            alert.state, alert.fired_at = "firing", self._at

    async def _gone(self, clear_s: float, alerts: Sequence[MonitoringAlert]) -> list[MonitoringAlert]:
        """End those that have not been so for long enough. What never fired is forgotten."""
        await self._alerts.drop(one for one in alerts if one.state == "pending")
        firing = [one for one in alerts if one.state == "firing"]
        for one in firing:
            if self._at - one.seen_at >= timedelta(seconds=clear_s):
                one.state, one.resolved_at = "resolved", self._at
        return firing

    def _tell(self, changed: Sequence[MonitoringAlert]) -> None:
        """Of what fires and was never told, unless it is silenced; and of the end of what was told."""
        if not self._telling.reaches_somebody:
            return
        fired = [one for one in changed if one.state == "firing" and one.told_at is None and not self._is_silenced(one)]
        ended = [one for one in changed if one.state == "resolved" and one.told_at and one.told_resolved_at is None]
        for one in fired:
            one.told_at = self._at
        for one in ended:
            one.told_resolved_at = self._at
        self._telling.tell([*fired, *ended])

    def _is_silenced(self, alert: MonitoringAlert) -> bool:
        return any(silence.fits(alert.rule, alert.subject) for silence in self._silences)
