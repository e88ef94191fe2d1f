"""Looking at alerts, and looking after them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.analytics.monitoring_alerts.errors import AlertAcknowledged, AlertNotFiring, MonitoringAlertNotFound
from services.analytics.monitoring_alerts.models import MonitoringAlert
from services.analytics.monitoring_alerts.repository import MonitoringAlertReader, MonitoringAlertRepository
from services.analytics.monitoring_alerts.schemas import MonitoringAlertOut, shown
from services.analytics.silences.repository import SilenceReader
from shared.runtime.operations.audit.repository import AuditLog


class AlertView:
    """Reads alerts as people see them."""

    def __init__(self, alerts: MonitoringAlertReader, silences: SilenceReader, now: datetime) -> None:
        self._alerts = alerts
        self._silences = silences
        self._now = now

    async def all(self, rows: Sequence[MonitoringAlert]) -> list[MonitoringAlertOut]:
        """With whether a silence is over each."""
        silences = await self._silences.in_force(self._now)
        return [shown(row, is_silenced=any(one.fits(row.rule, row.subject) for one in silences)) for row in rows]

    async def one(self, alert_id: UUID) -> MonitoringAlertOut:
        """Raises MonitoringAlertNotFound."""
        return (await self.all([_known(await self._alerts.find(alert_id))]))[0]


class AlertDesk:
    """Changes by one operator in one unit of work."""

    def __init__(self, alerts: MonitoringAlertRepository, audit: AuditLog, now: datetime) -> None:
        self._alerts = alerts
        self._audit = audit
        self._now = now

    async def acknowledge(self, alert_id: UUID, note: str) -> MonitoringAlert:
        """Say that you look after it. It ends with the alert: when the same comes again, that is another alert.

        Raises MonitoringAlertNotFound, AlertNotFiring and AlertAcknowledged.
        """
        alert = _known(await self._alerts.lock(alert_id))
        if alert.state != "firing":
            raise AlertNotFiring(f"it is {alert.state}: only an alert that fires is acknowledged")
        if alert.acknowledged_by is not None:
            raise AlertAcknowledged(
                f"{alert.acknowledged_by} has acknowledged it at {alert.acknowledged_at:%Y-%m-%d %H:%M:%S} UTC"
            )
        alert.acknowledged_at, alert.acknowledged_by, alert.note = self._now, self._audit.actor, note
        await self._audit.write("monitoring_alert.acknowledge", str(alert.id), note, rule=alert.rule, subject=alert.subject)
        return alert


def _known(alert: MonitoringAlert | None) -> MonitoringAlert:
    if alert is None:
        raise MonitoringAlertNotFound("no alert has this id; GET /v1/monitoring/alerts lists them, for 90 days after they ended")
    return alert
