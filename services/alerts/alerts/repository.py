"""Reading alerts, and the two statements of their e-mails."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.alerts.alerts.models import Alert, EmailOutcome, PendingEmail, Status
from shared.runtime.db import ReadSession, Session

# Several workers may pick at once: each takes what no other holds, and what it takes is marked in the transaction that asks.
_REQUEST: Final = text("""
    WITH picked AS (
        SELECT id FROM alerts WHERE NOT email_sent AND email_requested_at IS NULL AND status = 'open'
         ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), requested AS (
        UPDATE alerts SET email_requested_at = now() FROM picked WHERE alerts.id = picked.id RETURNING alerts.*
    )
    SELECT requested.id AS alert_id, requested.organization_id, severity, days_late, raised_on, recipient_email, customer,
           reference, carrier, origin, destination, raised_on - days_late AS eta, shipments.status AS shipment_status
      FROM requested JOIN shipments ON shipments.id = requested.shipment_id
     ORDER BY requested.id
""")

# A mail that was sent stays sent, whatever comes late or twice; the rows are locked in the order of their ids.
_RECORD: Final = text("""
    WITH reported AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sent AS boolean[]), CAST(:times AS timestamptz[]),
                             CAST(:retries AS int[]), CAST(:errors AS text[])) AS row(id, sent, finished_at, retries, error)
    ), locked AS (
        SELECT alerts.id FROM alerts JOIN reported USING (id) WHERE NOT email_sent ORDER BY alerts.id FOR UPDATE OF alerts
    )
    UPDATE alerts SET email_sent = sent, email_sent_at = CASE WHEN sent THEN finished_at END, email_retry_count = retries,
           email_error = error
      FROM reported JOIN locked USING (id)
     WHERE alerts.id = reported.id AND NOT alerts.email_sent
""")


class AlertReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self, *, organization_id: UUID | None, status: Status | None, email_sent: bool | None, after: UUID | None, limit: int
    ) -> Sequence[Alert]:
        """The newest first, of one organization or of all, beginning after the alert `after`."""
        query = select(Alert).order_by(Alert.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Alert.organization_id == organization_id)
        if status is not None:
            query = query.where(Alert.status == status)
        if email_sent is not None:
            query = query.where(Alert.email_sent == email_sent)
        if after is not None:
            query = query.where(Alert.id < after)
        return (await self._session.scalars(query)).all()


class AlertRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request_emails(self, limit: int) -> Sequence[PendingEmail]:
        """Mark the oldest open alerts that nobody has been told of as asked for, and return what their e-mails say."""
        rows = await self._session.execute(_REQUEST, {"limit": limit})
        return [PendingEmail(**row) for row in rows.mappings()]

    async def record_emails(self, outcomes: Sequence[EmailOutcome]) -> None:
        """Write what became of alerts' e-mails, each alert once in `outcomes`. Alerts that are not there are passed over."""
        columns: dict[str, Any] = {
            "ids": [one.alert_id for one in outcomes],
            "sent": [one.sent for one in outcomes],
            "times": [one.finished_at for one in outcomes],
            "retries": [one.retries for one in outcomes],
            "errors": [one.error for one in outcomes],
        }
        await self._session.execute(_RECORD, columns)
