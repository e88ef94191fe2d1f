"""Reading alerts, and writing their timelines."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, literal, select, text
from sqlalchemy.orm import contains_eager

from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.models import Alert, TimelineEntry, TimelineRow
from services.alerts.shipments.models import Shipment
from shared.runtime.db import ReadSession, Session

SEVERITIES: Final = "ARRAY['info', 'warning', 'high', 'critical']"
"""In SQL, the mildest first: `array_position` in it compares severities."""

# The entries of one alert get numbers in the order in which they are given.
_APPEND: Final = text("""
    WITH entry AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:actors AS text[]), CAST(:reasons AS text[]),
                             CAST(:message_ids AS uuid[])) WITH ORDINALITY
                      AS row(alert_id, kind, actor, reason, message_id, place)
    ), counted AS (
        SELECT alert_id, count(*) AS entries FROM entry GROUP BY alert_id
    ), locked AS (
        SELECT id FROM alerts WHERE id IN (SELECT alert_id FROM counted) ORDER BY id FOR NO KEY UPDATE
    ), numbered AS (
        UPDATE alerts SET version = version + entries FROM locked JOIN counted ON counted.alert_id = locked.id
         WHERE alerts.id = locked.id RETURNING alerts.id, old.version AS before
    )
    INSERT INTO alert_timeline (alert_id, number, kind, actor, reason, message_id)
    SELECT id, before + row_number() OVER (PARTITION BY id ORDER BY place), kind, actor, reason, message_id
      FROM numbered JOIN entry ON entry.alert_id = numbered.id
""")


class AlertReader:
    """Reads alerts with what is shown of their shipments."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, alert_id: UUID, organization_id: UUID | None) -> Alert | None:
        """One alert; None when there is none with this id, or it is another organization's."""
        query = _shown().where(*among([alert_id], organization_id))
        return (await self._session.scalars(query)).one_or_none()

    async def newest(
        self, meant: AlertFilter, organization_id: UUID | None, *, after: UUID | None, limit: int
    ) -> Sequence[Alert]:
        """The newest first, of one organization or of all, beginning after the alert `after`."""
        query = _shown().where(*matching(meant, organization_id)).order_by(Alert.id.desc()).limit(limit)
        if after is not None:
            query = query.where(Alert.id < after)
        return (await self._session.scalars(query)).all()

    async def timeline(self, alert_id: UUID, *, before: int | None, limit: int) -> Sequence[TimelineRow]:
        """What happened to an alert, the newest first, beginning before the entry `before`."""
        query = select(TimelineRow).where(TimelineRow.alert_id == alert_id).order_by(TimelineRow.number.desc()).limit(limit)
        if before is not None:
            query = query.where(TimelineRow.number < before)
        return (await self._session.scalars(query)).all()


def matching(meant: AlertFilter, organization_id: UUID | None) -> list[ColumnElement[bool]]:
    """The conditions of a filter, for queries that join alerts with their shipments."""
    exact: list[tuple[Any, Any]] = [
        (Alert.organization_id, organization_id),
        (Alert.shipment_id, meant.shipment_id),
        (Alert.run_id, meant.run_id),
        (Alert.email_sent, meant.email_sent),
        (Alert.step, meant.step),
        (Shipment.customer, meant.customer),
    ]
    conditions: list[ColumnElement[bool]] = [column == value for column, value in exact if value is not None]
    conditions += [
        column.in_(values) for column, values in ((Alert.status, meant.status), (Alert.severity, meant.severity)) if values
    ]
    if meant.raised_from is not None:
        conditions.append(Alert.raised_on >= meant.raised_from)
    if meant.raised_to is not None:
        conditions.append(Alert.raised_on <= meant.raised_to)
    if meant.snoozed is not None:
        conditions.append((Alert.status == "snoozed") if meant.snoozed else (Alert.status != "snoozed"))
    return conditions


def among(ids: Sequence[UUID], organization_id: UUID | None) -> list[ColumnElement[bool]]:
    """The conditions of being one of these; another organization's are not found."""
    conditions: list[ColumnElement[bool]] = [Alert.id == any_(literal(list(ids), ARRAY(Uuid)))]
    if organization_id is not None:
        conditions.append(Alert.organization_id == organization_id)
    return conditions


def _shown() -> Select[Alert]:
    of_shipment = contains_eager(Alert.shipment).load_only(Shipment.customer, Shipment.reference, Shipment.status)
    return select(Alert).join(Alert.shipment).options(of_shipment)


class TimelineRepository:
    """Writes what happened to alerts without changing their status."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def append(self, entries: Sequence[TimelineEntry]) -> None:
        """Write entries, each under its alert's next version. Alerts that are not there are passed over."""
        columns: dict[str, Any] = {
            "ids": [one.alert_id for one in entries],
            "kinds": [one.kind for one in entries],
            "actors": [one.actor for one in entries],
            "reasons": [one.reason for one in entries],
            "message_ids": [one.message_id for one in entries],
        }
        await self._session.execute(_APPEND, columns)
