"""Alerts in bulk for people: rows of an export, and counts."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import InstrumentedAttribute

from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.models import Alert, Count
from services.alerts.alerts.repository import matching
from services.alerts.shipments.models import Shipment
from shared.runtime.db import ReadSession

EXPORTED: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Alert.id,
    Alert.organization_id,
    Shipment.customer,
    Shipment.reference,
    Alert.shipment_id,
    Shipment.status,
    Alert.step,
    Alert.eta_revision,
    Alert.severity,
    Alert.days_late,
    Alert.raised_on,
    Alert.run_id,
    Alert.status,
    Alert.acknowledged_at,
    Alert.acknowledged_by,
    Alert.snoozed_until,
    Alert.resolved_at,
    Alert.resolution,
    Alert.reopens,
    Alert.email_sent,
    Alert.email_sent_at,
    Alert.email_retry_count,
    Alert.email_error,
    Alert.created_at,
)
"""The columns of an export; the first one is the key that pages continue after."""
HEADER: Final = tuple(f"shipment_{column.key}" if column is Shipment.status else column.key for column in EXPORTED)

_COUNTS: Final = text("""
    SELECT CASE WHEN GROUPING(severity) = 0 THEN 'severity' WHEN GROUPING(status) = 0 THEN 'status' ELSE 'age' END AS what,
           coalesce(severity, status, age::text) AS value, NULL::uuid AS organization_id, sum(alerts)::bigint AS alerts
      FROM (SELECT severity, status, width_bucket(CAST(:today AS date) - raised_on, ARRAY[2, 4, 8, 15]) AS age, count(*) AS alerts
              FROM alerts
             WHERE status <> 'resolved'
               AND (CAST(:organization_id AS uuid) IS NULL OR organization_id = CAST(:organization_id AS uuid))
             GROUP BY severity, status, age) AS counted
     GROUP BY GROUPING SETS (severity, status, age)
     UNION ALL
    (SELECT 'customer', customer, shipments.organization_id, count(*) AS alerts
       FROM alerts JOIN shipments ON shipments.id = shipment_id
      WHERE alerts.status <> 'resolved'
        AND (CAST(:organization_id AS uuid) IS NULL OR alerts.organization_id = CAST(:organization_id AS uuid))
      GROUP BY shipments.organization_id, customer ORDER BY alerts DESC, customer, shipments.organization_id LIMIT :customers)
""")


class ReportReader:
    """Reads many alerts, or how many there are."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def export(
        self, meant: AlertFilter, organization_id: UUID | None, *, after: UUID | None, limit: int
    ) -> Sequence[Sequence[Any]]:
        """Rows of the columns EXPORTED, the newest first, beginning after the alert `after`."""
        query = select(*EXPORTED).join(Shipment, Shipment.id == Alert.shipment_id).where(*matching(meant, organization_id))
        if after is not None:
            query = query.where(Alert.id < after)
        return (await self._session.execute(query.order_by(Alert.id.desc()).limit(limit))).all()

    async def counts(self, organization_id: UUID | None, *, today: date, customers: int) -> Sequence[Count]:
        """How many alerts are not resolved, by what; of customers those that have the most."""
        bound = {"organization_id": organization_id, "today": today, "customers": customers}
        return [Count(**row) for row in (await self._session.execute(_COUNTS, bound)).mappings()]
