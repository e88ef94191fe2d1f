"""The statements by which alerts change their status. Each writes the timeline along with the alerts.

Locks are taken on shipments first, then on alerts in the order of their ids, so that two changes never wait in a circle.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, text

from services.alerts.alerts.models import Alert, AlertState, Change, Followed
from services.alerts.shipments.models import Shipment
from shared.runtime.db import Session

# What the columns of a status are in any other: nobody has acknowledged what is open, and only what is snoozed has an end.
# The mail of what is opened again may have been taken back; unless everybody was told, it is to be decided about anew.
_CHANGE: Final = text("""
    WITH changed AS (
        UPDATE alerts
           SET status = CAST(:status AS text), version = version + 1, snoozed_until = CAST(:until AS timestamptz),
               acknowledged_at = CASE CAST(:status AS text) WHEN 'acknowledged' THEN now() WHEN 'open' THEN NULL
                                 ELSE acknowledged_at END,
               acknowledged_by = CASE CAST(:status AS text) WHEN 'acknowledged' THEN CAST(:actor AS text) WHEN 'open' THEN NULL
                                 ELSE acknowledged_by END,
               resolved_at = CASE WHEN CAST(:status AS text) = 'resolved' THEN now() END,
               resolution = CASE WHEN CAST(:status AS text) = 'resolved' THEN 'manual' END,
               email_requested_at = CASE WHEN CAST(:kind AS text) <> 'reopened' OR email_sent THEN email_requested_at END
         WHERE id = ANY(CAST(:ids AS uuid[])) RETURNING id, version
    )
    INSERT INTO alert_timeline (alert_id, number, kind, actor, reason, until)
    SELECT id, version, CAST(:kind AS text), CAST(:actor AS text), CAST(:reason AS text), CAST(:until AS timestamptz) FROM changed
""")

# A status that is not watched any more is a resolution by its own name; what it had resolved is opened again with the watch.
# One statement for both: alerts that were locked in two turns would not be locked in the order of their ids.
_FOLLOW_SHIPMENTS: Final = text("""
    WITH concerned AS (
        SELECT alerts.id, changed_by,
               CASE WHEN alerts.status = 'resolved' THEN NULL WHEN watched THEN 'eta_changed' ELSE shipments.status END AS ends_as
          FROM alerts JOIN shipments ON shipments.id = shipment_id
         WHERE shipment_id = ANY(CAST(:shipment_ids AS uuid[]))
           AND CASE WHEN alerts.status <> 'resolved' THEN alerts.eta_revision < shipments.eta_revision OR NOT watched
                    ELSE watched AND alerts.eta_revision = shipments.eta_revision
                         AND resolution IN ('released', 'delivered', 'cancelled') END
         ORDER BY alerts.id FOR NO KEY UPDATE OF alerts
    ), followed AS (
        UPDATE alerts SET status = CASE WHEN ends_as IS NULL THEN 'open' ELSE 'resolved' END, version = version + 1,
                          snoozed_until = NULL, resolution = ends_as,
                          resolved_at = CASE WHEN ends_as IS NOT NULL THEN now() END,
                          acknowledged_at = CASE WHEN ends_as IS NOT NULL THEN acknowledged_at END,
                          acknowledged_by = CASE WHEN ends_as IS NOT NULL THEN acknowledged_by END,
                          email_requested_at = CASE WHEN ends_as IS NOT NULL OR email_sent THEN email_requested_at END
          FROM concerned WHERE alerts.id = concerned.id
        RETURNING alerts.id, version, ends_as, changed_by
    )
    INSERT INTO alert_timeline (alert_id, number, kind, actor, reason)
    SELECT id, version, CASE WHEN ends_as IS NULL THEN 'reopened' ELSE 'resolved' END, changed_by,
           coalesce(ends_as, 'the shipment is watched again')
      FROM followed ORDER BY id
    RETURNING alert_id, kind
""")

_WAKE: Final = text("""
    WITH due AS (
        SELECT id FROM alerts WHERE snoozed_until <= CAST(:as_of AS timestamptz)
         ORDER BY id LIMIT :limit FOR NO KEY UPDATE
    ), woken AS (
        UPDATE alerts SET status = 'open', version = version + 1, snoozed_until = NULL, acknowledged_at = NULL,
                          acknowledged_by = NULL
          FROM due WHERE alerts.id = due.id RETURNING alerts.id, version
    )
    INSERT INTO alert_timeline (alert_id, number, kind, actor, message_id)
    SELECT id, version, 'woken', 'system:schedule', CAST(:message_id AS uuid) FROM woken ORDER BY id
    RETURNING alert_id
""")


class ActionRepository:
    """Locks alerts and changes their status."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock_shipments(self, conditions: Sequence[ColumnElement[bool]]) -> None:
        """Hold the shipments of these alerts as they are until the unit of work ends.

        In the order in which imports lock them, which is by reference and by code point.
        """
        query = select(Shipment.id).join(Alert, Alert.shipment_id == Shipment.id).where(*conditions)
        ordered = query.order_by(Shipment.organization_id, Shipment.reference.collate("C"))
        await self._session.execute(ordered.with_for_update(read=True, of=Shipment))

    async def lock(self, conditions: Sequence[ColumnElement[bool]], limit: int) -> Sequence[AlertState]:
        """Lock the first `limit` alerts that meet `conditions`, in the order of their ids, and say how they stand."""
        is_current = (Alert.eta_revision == Shipment.eta_revision).label("is_current")
        query = (
            select(
                Alert.id, Alert.status, Alert.version, Alert.acknowledged_by, Alert.snoozed_until, Shipment.watched, is_current
            )
            .join(Shipment, Shipment.id == Alert.shipment_id)
            .where(*conditions)
            .order_by(Alert.id)
            .limit(limit)
            # Mails name alerts by a foreign key, and need not wait for a change that leaves the keys alone.
            .with_for_update(key_share=True, of=Alert)
        )
        return [AlertState(*row) for row in await self._session.execute(query)]

    async def change(self, alert_ids: Sequence[UUID], change: Change) -> None:
        """Write the same change of status to alerts that are locked, and to their timelines."""
        bound = {
            "ids": list(alert_ids),
            "status": change.status,
            "kind": change.kind,
            "actor": change.actor,
            "reason": change.reason,
            "until": change.until,
        }
        await self._session.execute(_CHANGE, bound)

    async def follow_shipments(self, shipment_ids: Sequence[UUID]) -> Followed:
        """Bring the alerts of these shipments to where the shipments are.

        What is about an earlier ETA, or matters no more in their status, is resolved; what such a status had resolved and is
        about the present ETA is opened when the shipment is watched again.
        """
        rows = (await self._session.execute(_FOLLOW_SHIPMENTS, {"shipment_ids": list(shipment_ids)})).all()
        resolved, reopened = ([row.alert_id for row in rows if row.kind == kind] for kind in ("resolved", "reopened"))
        return Followed(resolved, reopened)

    async def wake(self, as_of: datetime, message_id: UUID, limit: int) -> int:
        """Open the first `limit` snoozed alerts whose time has come by `as_of`; returns how many."""
        rows = await self._session.scalars(_WAKE, {"as_of": as_of, "message_id": message_id, "limit": limit})
        return len(rows.all())
