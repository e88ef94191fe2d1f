"""What becomes of alerts' e-mails: reported, taken back, and who was told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.alert_emails.models import AlertEmail, EmailDelay, EmailReport, ReportedAlert
from services.alerts.alert_emails.repository import columns_of, expect
from shared.runtime.db import ReadSession, Session

_DROP_WAITING: Final = text("""
    DELETE FROM alert_email_items WHERE alert_id = ANY (CAST(:alert_ids AS uuid[])) AND email_id IS NULL
""")
_COUNT_REPORTED: Final = text("SELECT count(*) FROM alert_email_items WHERE email_id = ANY (CAST(:email_ids AS uuid[]))")
_LOCK_REPORTED: Final = text("""
    SELECT count(*) FROM (
        SELECT FROM alerts WHERE id IN (SELECT alert_id FROM alert_email_items WHERE email_id = ANY (CAST(:email_ids AS uuid[])))
         ORDER BY id FOR NO KEY UPDATE) AS locked
""")
# A mail that was sent stays sent, whatever comes late or twice.
_REPORT: Final = text("""
    WITH reported AS (
        SELECT * FROM unnest(CAST(:email_id AS uuid[]), CAST(:status AS text[]), CAST(:finished_at AS timestamptz[]),
                             CAST(:retries AS int[]), CAST(:error AS text[])) AS row(id, status, finished_at, retries, error)
    ), locked AS (
        SELECT known.id FROM alert_emails AS known JOIN reported USING (id)
         WHERE known.status <> 'sent' ORDER BY known.id FOR NO KEY UPDATE OF known
    ), written AS (
        UPDATE alert_emails AS known SET status = reported.status, finished_at = reported.finished_at,
               retries = reported.retries, error = reported.error
          FROM reported JOIN locked USING (id)
         WHERE known.id = reported.id
           AND (known.status, known.finished_at) IS DISTINCT FROM (reported.status, reported.finished_at)
        RETURNING known.id, known.status, known.error
    )
    SELECT alert_id, email_id, written.status, written.error FROM written JOIN alert_email_items ON email_id = written.id
     ORDER BY alert_id, email_id
""")
_DELAY: Final = text("""
    WITH delayed AS (
        UPDATE alert_emails AS known SET retries = row.retries, error = row.error
          FROM unnest(CAST(:email_id AS uuid[]), CAST(:retries AS int[]), CAST(:error AS text[])) AS row(id, retries, error)
         WHERE known.id = row.id AND known.status = 'requested' AND known.retries <= row.retries
        RETURNING known.id
    )
    SELECT DISTINCT alert_id FROM delayed JOIN alert_email_items ON email_id = delayed.id ORDER BY alert_id
""")
# An alert is told when each of its shipment's present recipients is, by whichever mail.
_MIRROR: Final = text("""
    WITH touched AS (
        SELECT id, shipment_id FROM alerts WHERE id = ANY (CAST(:alert_ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
    ), told AS (
        SELECT alert_id, email.recipient, bool_or(status = 'sent') AS sent,
               max(finished_at) FILTER (WHERE status = 'sent') AS sent_at, max(retries) AS retries,
               (array_agg(error ORDER BY requested_at DESC, email.id DESC))[1] AS error
          FROM touched JOIN alert_email_items ON alert_id = touched.id JOIN alert_emails AS email ON email.id = email_id
         GROUP BY alert_id, email.recipient
    ), whole AS (
        SELECT touched.id, bool_and(coalesce(told.sent, false)) AS sent, max(sent_at) AS sent_at,
               coalesce(max(retries), 0) AS retries, max(error) FILTER (WHERE NOT told.sent) AS error
          FROM touched JOIN shipments ON shipments.id = shipment_id CROSS JOIN unnest(recipients) AS wanted
          LEFT JOIN told ON told.alert_id = touched.id AND told.recipient = wanted
         GROUP BY touched.id
    )
    UPDATE alerts SET email_sent = whole.sent, email_sent_at = CASE WHEN whole.sent THEN whole.sent_at END,
           email_retry_count = whole.retries, email_error = whole.error
      FROM whole WHERE alerts.id = whole.id AND (whole.sent OR NOT alerts.email_sent)
""")
_CANCEL: Final = text("""
    UPDATE alert_emails SET cancelled_at = clock_timestamp()
     WHERE status = 'requested' AND cancelled_at IS NULL
       AND id IN (SELECT email_id FROM alert_email_items WHERE alert_id = ANY (CAST(:alert_ids AS uuid[])))
       AND NOT EXISTS (SELECT FROM alert_email_items AS other JOIN alerts ON alerts.id = other.alert_id
                        WHERE other.email_id = alert_emails.id AND alerts.status <> 'resolved')
    RETURNING subject_key, cancelled_at
""")
_OF_ALERT: Final = text("""
    SELECT alert_emails.* FROM alert_email_items JOIN alert_emails ON alert_emails.id = email_id
     WHERE alert_id = :alert_id ORDER BY alert_emails.requested_at, alert_emails.id
""")
_ORGANIZATION: Final = text("SELECT organization_id FROM alerts WHERE id = :alert_id")


class AlertEmailReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of_alert(self, alert_id: UUID) -> Sequence[AlertEmail]:
        """Who was told of an alert, or is about to be: its mails, the first one first."""
        rows = await self._session.execute(_OF_ALERT, {"alert_id": alert_id})
        return [AlertEmail(**row) for row in rows.mappings()]

    async def is_visible(self, alert_id: UUID, organization_id: UUID | None) -> bool:
        """Whether there is such an alert, and it is of this organization; None sees all."""
        found = await self._session.scalar(_ORGANIZATION, {"alert_id": alert_id})
        return found is not None and organization_id in (None, found)


class EmailOutcomeRepository:
    """Writes what becomes of mails."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def drop_waiting(self, alert_ids: Sequence[UUID]) -> None:
        """Forget what is not in a mail yet."""
        await self._session.execute(_DROP_WAITING, {"alert_ids": list(alert_ids)})

    async def cancel(self, alert_ids: Sequence[UUID]) -> Sequence[tuple[str, datetime]]:
        """Mark the unsent mails all of whose alerts are resolved as cancelled, and return their subject keys with the moment.

        The moment is one at which the alerts are held, so it lies after that of whoever asked for a mail about them.
        """
        return [tuple(row) for row in await self._session.execute(_CANCEL, {"alert_ids": list(alert_ids)})]

    async def report(self, reports: Sequence[EmailReport]) -> Sequence[ReportedAlert]:
        """Write what became of mails, each once in `reports`, and return the alerts for which that is news."""
        await self._hold([one.email_id for one in reports])
        rows = await self._session.execute(_REPORT, columns_of(EmailReport, reports))
        changed = [ReportedAlert(**row) for row in rows.mappings()]
        if changed:
            await self._session.execute(_MIRROR, {"alert_ids": [one.alert_id for one in changed]})
        return changed

    async def note_delays(self, delays: Sequence[EmailDelay]) -> None:
        """Write why mails are not sent yet, each once in `delays`."""
        await self._hold([one.email_id for one in delays])
        found = await self._session.execute(_DELAY, columns_of(EmailDelay, delays))
        alert_ids = list(found.scalars())
        if alert_ids:
            await self._session.execute(_MIRROR, {"alert_ids": alert_ids})

    async def _hold(self, email_ids: Sequence[UUID]) -> None:
        """Hold the alerts of these mails, in the order in which everybody does."""
        await expect(self._session, await self._session.scalar(_COUNT_REPORTED, {"email_ids": email_ids}) or 0)
        await self._session.execute(_LOCK_REPORTED, {"email_ids": email_ids})
