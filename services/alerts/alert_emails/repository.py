"""The statements of alerts' e-mails. Each concerns as many alerts as there are."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.alert_emails.models import (
    AlertEmail,
    DigestNews,
    EmailReport,
    Group,
    NewEmail,
    ReportedAlert,
    ShipmentNews,
)
from shared.runtime.db import ReadSession, Session

# One at a time decides: two that did it at once would each see a part of what waits for a recipient, and make two digests.
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('alerts.queue_pending_emails', 0))")

# What a run has raised waits until the run is through, so that a digest is whole; unless the run has stood still for long.
_EXPAND: Final = text("""
    WITH picked AS MATERIALIZED (
        SELECT id, shipment_id, organization_id FROM alerts
         WHERE NOT email_sent AND email_requested_at IS NULL AND status = 'open'
           AND (run_id IS NULL OR run_id <> ALL (ARRAY(
               SELECT runs.id FROM evaluation_runs AS runs WHERE runs.finished_at IS NULL AND runs.error IS NULL
                  AND runs.progressed_at > now() - make_interval(secs => :patience_s))))
         ORDER BY organization_id, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE alerts SET email_requested_at = now() FROM picked WHERE alerts.id = picked.id
    ), items AS (
        INSERT INTO alert_email_items (alert_id, recipient, organization_id)
        SELECT DISTINCT picked.id, recipient, picked.organization_id
          FROM picked JOIN shipments ON shipments.id = picked.shipment_id CROSS JOIN unnest(recipients) AS recipient
        ON CONFLICT (alert_id, recipient, number) DO NOTHING
    )
    SELECT count(*) FROM picked
""")
_CHOSEN: Final = """
    WITH chosen AS (
        SELECT DISTINCT organization_id, recipient FROM alert_email_items WHERE email_id IS NULL
         ORDER BY organization_id, recipient LIMIT :limit
    )"""
# Whoever changes an alert holds it before its mails, in the order of ids; so does this.
_LOCK_WAITING: Final = text(f"""{_CHOSEN}
    SELECT count(*) FROM (
        SELECT FROM alerts WHERE id IN (SELECT alert_id FROM alert_email_items JOIN chosen USING (organization_id, recipient)
                                         WHERE email_id IS NULL)
         ORDER BY id FOR NO KEY UPDATE) AS locked
""")  # noqa: S608 - put together from constants of this module; values are bound
_FORGET_UNOPEN: Final = text(f"""{_CHOSEN}
    DELETE FROM alert_email_items AS items USING chosen, alerts
     WHERE items.organization_id = chosen.organization_id AND items.recipient = chosen.recipient AND email_id IS NULL
       AND alerts.id = alert_id AND alerts.status <> 'open'
""")  # noqa: S608 - as above
_GROUPS: Final = text(f"""{_CHOSEN}
    SELECT items.organization_id, items.recipient, severity = 'critical' AS critical,
           count(DISTINCT shipment_id) AS shipments, coalesce(min(digest_above), 20) AS digest_above,
           coalesce(max(email_retries), 3) AS retries, coalesce(max(email_interval_s), 300) AS interval_s
      FROM chosen JOIN alert_email_items AS items USING (organization_id, recipient)
      JOIN alerts ON alerts.id = items.alert_id
      LEFT JOIN policy_versions ON policy_versions.id = policy_version_id
     WHERE items.email_id IS NULL
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")  # noqa: S608 - as above

# The highest of a shipment's alerts speaks for the others, which a run for an earlier day may have raised.
_NEWS_COLUMNS: Final = """
    alerts.severity, alerts.step, alerts.days_late, alerts.raised_on, eta_revisions.eta, shipments.original_eta,
    shipments.customer, shipments.reference, shipments.carrier, shipments.origin, shipments.destination, shipments.mode,
    shipments.status AS shipment_status, shipments.last_free_day, shipments.missing_documents,
    coalesce((SELECT json_agg(json_build_object('kind', kind, 'placed_on', placed_on, 'fee_minor', fee_minor,
                                                'currency', currency) ORDER BY kind)
                FROM shipment_holds WHERE shipment_holds.shipment_id = shipments.id AND released_on IS NULL), '[]') AS holds,
    coalesce(email_retries, 3) AS retries, coalesce(email_interval_s, 300) AS interval_s
"""
_NEWS_TABLES: Final = """
    JOIN shipments ON shipments.id = alerts.shipment_id
    JOIN eta_revisions ON eta_revisions.shipment_id = shipments.id AND eta_revisions.revision = alerts.eta_revision
    LEFT JOIN policy_versions ON policy_versions.id = policy_version_id
"""
_NEWS: Final = text(f"""
    SELECT DISTINCT ON (items.organization_id, items.recipient, alerts.shipment_id)
           items.organization_id, items.recipient, alerts.id AS alert_id,
           array_agg(alerts.id) OVER (PARTITION BY items.organization_id, items.recipient, alerts.shipment_id) AS alert_ids,
           {_NEWS_COLUMNS}
      FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:recipients AS text[]), CAST(:critical AS boolean[]))
           AS wanted(organization_id, recipient, critical)
      JOIN alert_email_items AS items USING (organization_id, recipient)
      JOIN alerts ON alerts.id = items.alert_id AND (alerts.severity = 'critical') = wanted.critical
      {_NEWS_TABLES}
     WHERE items.email_id IS NULL
     ORDER BY items.organization_id, items.recipient, alerts.shipment_id, alerts.eta_revision DESC, alerts.step DESC
""")  # noqa: S608 - put together from constants of this module; values are bound
_NEWS_OF_ALERT: Final = text(f"""
    SELECT shipments.organization_id, recipient, alerts.id AS alert_id, ARRAY[alerts.id] AS alert_ids, {_NEWS_COLUMNS}
      FROM alerts {_NEWS_TABLES} CROSS JOIN unnest(shipments.recipients) AS recipient
     WHERE alerts.id = :alert_id ORDER BY recipient
""")  # noqa: S608 - as above
_DIGEST: Final = text("""
    WITH news AS MATERIALIZED (
        SELECT DISTINCT ON (alerts.shipment_id) alerts.id AS alert_id, severity, alerts.step, days_late, raised_on, customer,
               reference, carrier, origin, destination, shipments.status, eta
          FROM alert_email_items AS items JOIN alerts ON alerts.id = items.alert_id
          JOIN shipments ON shipments.id = alerts.shipment_id
          JOIN eta_revisions ON eta_revisions.shipment_id = shipments.id AND revision = alerts.eta_revision
         WHERE items.email_id IS NULL AND items.organization_id = :organization_id AND items.recipient = :recipient
           AND (severity = 'critical') = :critical
         ORDER BY alerts.shipment_id, alerts.eta_revision DESC, alerts.step DESC
    ), worst AS (
        SELECT * FROM news
         ORDER BY array_position(ARRAY['critical', 'high', 'warning', 'info'], severity), days_late DESC, reference LIMIT :listed
    )
    SELECT (SELECT json_object_agg(severity, count) FROM (SELECT severity, count(*) FROM news GROUP BY severity) AS of_severity)
           AS counts,
           (SELECT count(DISTINCT customer) FROM news) AS customers, (SELECT max(raised_on) FROM news) AS raised_on,
           (SELECT json_agg(worst) FROM worst) AS first
""")

_ADD_EMAILS: Final = text("""
    INSERT INTO alert_emails (id, organization_id, recipient, kind, subject_key, requested_by)
    SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:recipient AS text[]),
                         CAST(:kind AS text[]), CAST(:subject_key AS text[]), CAST(:requested_by AS text[]))
""")
_ASSIGN: Final = text("""
    UPDATE alert_email_items AS items SET email_id = row.email_id
      FROM unnest(CAST(:alert_ids AS uuid[]), CAST(:recipients AS text[]), CAST(:email_ids AS uuid[]))
           AS row(alert_id, recipient, email_id)
     WHERE items.alert_id = row.alert_id AND items.recipient = row.recipient AND items.email_id IS NULL
""")
_ASSIGN_DIGEST: Final = text("""
    UPDATE alert_email_items AS items SET email_id = :email_id
      FROM alerts
     WHERE alerts.id = items.alert_id AND items.email_id IS NULL AND items.organization_id = :organization_id
       AND items.recipient = :recipient AND (severity = 'critical') = :critical
    RETURNING alert_id
""")
_ASSIGN_BY_HAND: Final = text("""
    INSERT INTO alert_email_items (alert_id, recipient, number, organization_id, email_id)
    SELECT :alert_id, row.recipient, 1 + coalesce(max(known.number), 0), :organization_id, row.email_id
      FROM unnest(CAST(:recipients AS text[]), CAST(:email_ids AS uuid[])) AS row(recipient, email_id)
      LEFT JOIN alert_email_items AS known ON known.alert_id = :alert_id AND known.recipient = row.recipient
     GROUP BY row.recipient, row.email_id
""")
_LOCK_ALERT: Final = text("""
    UPDATE alerts SET email_requested_at = coalesce(email_requested_at, now()) WHERE id = :alert_id RETURNING status
""")
_DROP_WAITING: Final = text("""
    DELETE FROM alert_email_items WHERE alert_id = ANY (CAST(:alert_ids AS uuid[])) AND email_id IS NULL
""")

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
# An alert is told when each of its recipients is, by whichever mail.
_MIRROR: Final = text("""
    WITH touched AS (
        SELECT id FROM alerts WHERE id = ANY (CAST(:alert_ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
    ), told AS (
        SELECT alert_id, email.recipient, bool_or(status = 'sent') AS sent,
               max(finished_at) FILTER (WHERE status = 'sent') AS sent_at, max(retries) AS retries,
               (array_agg(error ORDER BY finished_at DESC NULLS LAST))[1] AS error
          FROM touched JOIN alert_email_items ON alert_id = touched.id JOIN alert_emails AS email ON email.id = email_id
         GROUP BY alert_id, email.recipient
    ), whole AS (
        SELECT alert_id, bool_and(sent) AS sent, max(sent_at) AS sent_at, max(retries) AS retries,
               max(error) FILTER (WHERE NOT sent) AS error
          FROM told GROUP BY alert_id
    )
    UPDATE alerts SET email_sent = whole.sent, email_sent_at = CASE WHEN whole.sent THEN whole.sent_at END,
           email_retry_count = whole.retries, email_error = whole.error
      FROM whole WHERE alerts.id = whole.alert_id AND (whole.sent OR NOT alerts.email_sent)
""")
_CANCEL: Final = text("""
    UPDATE alert_emails SET cancelled_at = now()
     WHERE status = 'requested' AND cancelled_at IS NULL
       AND id IN (SELECT email_id FROM alert_email_items WHERE alert_id = ANY (CAST(:alert_ids AS uuid[])))
       AND NOT EXISTS (SELECT FROM alert_email_items AS other JOIN alerts ON alerts.id = other.alert_id
                        WHERE other.email_id = alert_emails.id AND alerts.status <> 'resolved')
    RETURNING subject_key
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


class AlertEmailRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def expand(self, limit: int, *, patience_s: float) -> int:
        """Note for the oldest alerts that nobody has been told of whom each is to tell; returns how many alerts those were.

        patience_s: how long a run that is under way may stand still before its alerts do not wait for its end any more.
        """
        await self._session.execute(_ALONE)
        return await self._session.scalar(_EXPAND, {"limit": limit, "patience_s": patience_s}) or 0

    async def groups(self, recipients: int) -> Sequence[Group]:
        """What waits for the next so many recipients. Holds its alerts until the transaction ends."""
        await self._session.execute(_LOCK_WAITING, {"limit": recipients})
        await self._session.execute(_FORGET_UNOPEN, {"limit": recipients})
        return [Group(**row) for row in (await self._session.execute(_GROUPS, {"limit": recipients})).mappings()]

    async def news(self, groups: Sequence[Group]) -> Sequence[ShipmentNews]:
        """What there is to tell in these groups, shipment by shipment."""
        bound = {
            "organization_ids": [group.organization_id for group in groups],
            "recipients": [group.recipient for group in groups],
            "critical": [group.critical for group in groups],
        }
        return [ShipmentNews(**row) for row in (await self._session.execute(_NEWS, bound)).mappings()]

    async def news_of_alert(self, alert_id: UUID) -> Sequence[ShipmentNews]:
        """What there is to tell of one alert, for each recipient."""
        rows = await self._session.execute(_NEWS_OF_ALERT, {"alert_id": alert_id})
        return [ShipmentNews(**row) for row in rows.mappings()]

    async def digest(self, group: Group, *, listed: int) -> DigestNews:
        """What there is to tell in a group at once, with the worst so many shipments."""
        bound = {
            "organization_id": group.organization_id,
            "recipient": group.recipient,
            "critical": group.critical,
            "listed": listed,
        }
        return DigestNews(**(await self._session.execute(_DIGEST, bound)).mappings().one())

    async def add(self, emails: Sequence[NewEmail]) -> None:
        """Mails that are asked for now."""
        await self._session.execute(_ADD_EMAILS, _columns(NewEmail, emails))

    async def assign(self, news: Sequence[ShipmentNews], email_ids: Sequence[UUID]) -> None:
        """Write which mail tells of which alerts."""
        rows = [
            (alert_id, one.recipient, email_id)
            for one, email_id in zip(news, email_ids, strict=True)
            for alert_id in one.alert_ids
        ]
        alert_ids, recipients, emails = (list(column) for column in zip(*rows, strict=True))
        await self._session.execute(_ASSIGN, {"alert_ids": alert_ids, "recipients": recipients, "email_ids": emails})

    async def assign_digest(self, group: Group, email_id: UUID) -> Sequence[UUID]:
        """Write that one mail tells of all that waits in a group, and return the alerts."""
        bound = {
            "email_id": email_id,
            "organization_id": group.organization_id,
            "recipient": group.recipient,
            "critical": group.critical,
        }
        return list((await self._session.execute(_ASSIGN_DIGEST, bound)).scalars())

    async def assign_by_hand(self, news: Sequence[ShipmentNews], email_ids: Sequence[UUID]) -> None:
        """Write which mails tell of one alert, whatever mails it had before. `news` is of that alert alone."""
        bound = {
            "alert_id": news[0].alert_id,
            "organization_id": news[0].organization_id,
            "recipients": [one.recipient for one in news],
            "email_ids": list(email_ids),
        }
        await self._session.execute(_ASSIGN_BY_HAND, bound)

    async def lock_alert(self, alert_id: UUID) -> str | None:
        """Hold an alert, as one whose mails were asked for, until the transaction ends; returns its status, None if unknown."""
        status: str | None = await self._session.scalar(_LOCK_ALERT, {"alert_id": alert_id})
        return status

    async def drop_waiting(self, alert_ids: Sequence[UUID]) -> None:
        """Forget what is not in a mail yet."""
        await self._session.execute(_DROP_WAITING, {"alert_ids": list(alert_ids)})

    async def cancel(self, alert_ids: Sequence[UUID]) -> Sequence[str]:
        """Mark the unsent mails all of whose alerts are resolved as cancelled, and return their subject keys."""
        return list((await self._session.execute(_CANCEL, {"alert_ids": list(alert_ids)})).scalars())

    async def report(self, reports: Sequence[EmailReport]) -> Sequence[ReportedAlert]:
        """Write what became of mails, each once in `reports`, and return the alerts for which that is news."""
        await self._session.execute(_LOCK_REPORTED, {"email_ids": [one.email_id for one in reports]})
        rows = await self._session.execute(_REPORT, _columns(EmailReport, reports))
        changed = [ReportedAlert(**row) for row in rows.mappings()]
        if changed:
            await self._session.execute(_MIRROR, {"alert_ids": [one.alert_id for one in changed]})
        return changed


def _columns(of: type[Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(of)}
