"""Deciding which e-mails tell of which alerts. Each statement concerns as many alerts as there are."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.alert_emails.models import DigestNews, Group, NewEmail, ShipmentNews
from services.alerts.alerts.repository import SEVERITIES
from shared.runtime.db import Session

# One at a time decides: two that did it at once would each see a part of what waits for a recipient, and make two digests.
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('alerts.queue_pending_emails', 0))")

# Statistics know nothing of what a run has just raised. Where that is much, one pass over whole tables is planned for; where
# it is little, as on most days, the planner's own choice of index look-ups is right.
MANY: Final = 1000
_EXPECT: Final = text("""
    SELECT set_config(name, :allowed, true) FROM unnest(ARRAY['enable_nestloop', 'enable_mergejoin']) AS name
""")

# An alert that was opened again tells those whom no mail has told or is about to tell. What a run has raised waits until the
# run is through, so that a digest is whole; unless the run has stood still for long.
_EXPAND: Final = text("""
    WITH picked AS MATERIALIZED (
        SELECT id, shipment_id, organization_id FROM alerts
         WHERE NOT email_sent AND email_requested_at IS NULL AND status = 'open'
           AND (run_id IS NULL OR run_id <> ALL (ARRAY(
               SELECT runs.id FROM evaluation_runs AS runs WHERE runs.finished_at IS NULL AND runs.error IS NULL
                  AND runs.progressed_at > now() - make_interval(secs => :patience_s))))
         ORDER BY organization_id, email_requested_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE alerts SET email_requested_at = now() FROM picked WHERE alerts.id = picked.id
    ), items AS (
        INSERT INTO alert_email_items (alert_id, recipient, number, organization_id)
        SELECT picked.id, wanted.recipient,
               1 + coalesce((SELECT max(number) FROM alert_email_items AS had
                              WHERE had.alert_id = picked.id AND had.recipient = wanted.recipient), 0),
               picked.organization_id
          FROM picked JOIN shipments ON shipments.id = picked.shipment_id
         CROSS JOIN LATERAL (SELECT DISTINCT unnest(recipients) AS recipient) AS wanted
         WHERE NOT EXISTS (
               SELECT FROM alert_email_items AS had LEFT JOIN alert_emails AS email ON email.id = had.email_id
                WHERE had.alert_id = picked.id AND had.recipient = wanted.recipient
                  AND (had.email_id IS NULL OR email.status = 'sent' OR email.status = 'requested' AND cancelled_at IS NULL))
        ON CONFLICT (alert_id, recipient, number) DO NOTHING
    )
    SELECT count(*) FROM picked
""")
# So many recipients that what waits for them is done with in seconds; one at least.
_CHOOSE: Final = text("""
    SELECT organization_id, recipient, waiting
      FROM (SELECT *, sum(waiting) OVER (ORDER BY organization_id, recipient) - waiting AS before
              FROM (SELECT organization_id, recipient, count(*) AS waiting FROM alert_email_items WHERE email_id IS NULL
                     GROUP BY organization_id, recipient ORDER BY organization_id, recipient LIMIT :recipients) AS next) AS sum
     WHERE before < :items ORDER BY organization_id, recipient
""")
_CHOSEN: Final = """
    WITH chosen AS (
        SELECT * FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:recipients AS text[])) AS row(organization_id, recipient)
    )"""
# Whoever changes an alert holds it before its mails, in the order of ids; so does this.
_LOCK_WAITING: Final = text(f"""{_CHOSEN}
    SELECT count(*) FROM (
        SELECT FROM alerts WHERE id IN (SELECT alert_id FROM alert_email_items JOIN chosen USING (organization_id, recipient)
                                         WHERE email_id IS NULL)
         ORDER BY id FOR NO KEY UPDATE) AS locked
""")  # noqa: S608 - put together from constants of this module; values are bound
# They are asked for again when they are opened.
_FORGET_UNOPEN: Final = text(f"""{_CHOSEN}, unopen AS (
        DELETE FROM alert_email_items AS items USING chosen, alerts
         WHERE items.organization_id = chosen.organization_id AND items.recipient = chosen.recipient AND email_id IS NULL
           AND alerts.id = alert_id AND alerts.status <> 'open'
        RETURNING alert_id
    )
    UPDATE alerts SET email_requested_at = NULL FROM (SELECT DISTINCT alert_id FROM unopen) AS forgotten
     WHERE alerts.id = alert_id AND NOT email_sent
""")  # noqa: S608 - as above
_ANY_WAITING: Final = text("SELECT EXISTS (SELECT FROM alert_email_items WHERE email_id IS NULL)")
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
     ORDER BY items.organization_id, items.recipient, alerts.shipment_id, alerts.eta_revision DESC,
              array_position({SEVERITIES}, severity) DESC, days_late DESC
""")  # noqa: S608 - put together from constants of this module; values are bound
_NEWS_OF_ALERT: Final = text(f"""
    SELECT shipments.organization_id, recipient, alerts.id AS alert_id, ARRAY[alerts.id] AS alert_ids, {_NEWS_COLUMNS}
      FROM alerts {_NEWS_TABLES} CROSS JOIN unnest(shipments.recipients) AS recipient
     WHERE alerts.id = :alert_id ORDER BY recipient
""")  # noqa: S608 - as above
_DIGEST: Final = text(f"""
    WITH news AS MATERIALIZED (
        SELECT DISTINCT ON (alerts.shipment_id) alerts.id AS alert_id, severity, alerts.step, days_late, raised_on, customer,
               reference, carrier, origin, destination, shipments.status, eta
          FROM alert_email_items AS items JOIN alerts ON alerts.id = items.alert_id
          JOIN shipments ON shipments.id = alerts.shipment_id
          JOIN eta_revisions ON eta_revisions.shipment_id = shipments.id AND revision = alerts.eta_revision
         WHERE items.email_id IS NULL AND items.organization_id = :organization_id AND items.recipient = :recipient
           AND (severity = 'critical') = :critical
         ORDER BY alerts.shipment_id, alerts.eta_revision DESC,
              array_position({SEVERITIES}, severity) DESC, days_late DESC
    ), worst AS (
        SELECT * FROM news
         ORDER BY array_position({SEVERITIES}, severity) DESC, days_late DESC, reference LIMIT :listed
    )
    SELECT (SELECT json_object_agg(severity, count) FROM (SELECT severity, count(*) FROM news GROUP BY severity) AS of_severity)
           AS counts,
           (SELECT count(DISTINCT customer) FROM news) AS customers, (SELECT max(raised_on) FROM news) AS raised_on,
           (SELECT json_agg(worst) FROM worst) AS first
""")  # noqa: S608 - as above

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


async def expect(session: Session, rows: int) -> None:
    """Have the next statements of this transaction planned for so many rows, of which statistics may not know."""
    await session.execute(_EXPECT, {"allowed": "off" if rows > MANY else "on"})


class AlertEmailRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def alone(self) -> None:
        """Wait until nobody else decides, and have everybody else wait until the transaction ends."""
        await self._session.execute(_ALONE)

    async def expand(self, limit: int, *, patience_s: float) -> int:
        """Note for the oldest alerts that nobody has been told of whom each is to tell; returns how many alerts those were.

        patience_s: how long a run that is under way may stand still before its alerts do not wait for its end any more.
        """
        return await self._session.scalar(_EXPAND, {"limit": limit, "patience_s": patience_s}) or 0

    async def groups(self, *, recipients: int, items: int) -> Sequence[Group]:
        """What waits for the next recipients, so many or fewer where much waits. Holds its alerts until the transaction ends."""
        chosen = (await self._session.execute(_CHOOSE, {"recipients": recipients, "items": items})).all()
        bound = {
            "organization_ids": [row.organization_id for row in chosen],
            "recipients": [row.recipient for row in chosen],
        }
        await expect(self._session, sum(row.waiting for row in chosen))
        await self._session.execute(_LOCK_WAITING, bound)
        await self._session.execute(_FORGET_UNOPEN, bound)
        return [Group(**row) for row in (await self._session.execute(_GROUPS, bound)).mappings()]

    async def anything_waits(self) -> bool:
        """Whether it is still to be decided which mail tells somebody of something."""
        return bool(await self._session.scalar(_ANY_WAITING))

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
        await expect(self._session, group.shipments)
        bound = {
            "organization_id": group.organization_id,
            "recipient": group.recipient,
            "critical": group.critical,
            "listed": listed,
        }
        return DigestNews(**(await self._session.execute(_DIGEST, bound)).mappings().one())

    async def add(self, emails: Sequence[NewEmail]) -> None:
        """Mails that are asked for now."""
        await self._session.execute(_ADD_EMAILS, columns_of(NewEmail, emails))

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


def columns_of(of: type[Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    """The fields of dataclasses as lists, for unnest."""
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(of)}
