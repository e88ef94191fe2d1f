"""People who act on alerts over the API, as the tests of alerts need them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text

from services.alerts.tests.arrange import ETA, OURS, evaluate, have, line, rows
from shared.runtime.db import ReadSession, Session
from shared.testing.service import ApiClient

ADA: Final = "user:ada"
BEN: Final = "user:ben"
STATUS: Final = {
    "raised": "open",
    "reopened": "open",
    "acknowledged": "acknowledged",
    "unacknowledged": "open",
    "snoozed": "snoozed",
    "woken": "open",
    "resolved": "resolved",
}
"""What an entry of the timeline makes of its alert; others leave it as it is."""


def operator(client: ApiClient, subject: str = ADA, organization_id: UUID | None = OURS) -> ApiClient:
    """Somebody who may act on an organization's alerts."""
    return client.as_role("operator", organization_id=organization_id, subject=subject)


async def raise_alerts(
    session: Session, *references: str, late: int = 1, organization_id: UUID = OURS, **cells: Any
) -> list[UUID]:
    """The alerts of new shipments with these references, so many days after the usual ETA."""
    names = references or ("MAEU1",)
    await have(session, *(line(reference=name, **cells) for name in names), organization_id=organization_id)
    await evaluate(session, ETA + timedelta(days=late))
    query = """SELECT alerts.id FROM alerts JOIN shipments ON shipments.id = shipment_id
                WHERE reference = ANY(:names) AND shipments.organization_id = :organization_id ORDER BY reference, alerts.id"""
    return [alert_id for (alert_id,) in await rows(session, query, names=list(names), organization_id=organization_id)]


async def act(caller: ApiClient, alert_id: UUID, action: str, *, if_match: str = "*", **body: Any) -> httpx.Response:
    """Ask for an action on one alert."""
    return await caller.post(f"/v1/alerts/{alert_id}/{action}", json=body, headers={"If-Match": if_match})


async def act_on_many(caller: ApiClient, action: str, **body: Any) -> httpx.Response:
    """Ask for an action on many alerts."""
    return await caller.post("/v1/alerts/actions", json={"action": action, **body})


async def status_of(session: ReadSession, alert_id: UUID) -> str:
    return str((await rows(session, "SELECT status FROM alerts WHERE id = :id", id=alert_id))[0][0])


async def kinds(session: ReadSession, alert_id: UUID) -> list[str]:
    """What happened to an alert, in order; that of its mails left out."""
    query = "SELECT kind FROM alert_timeline WHERE alert_id = :id AND kind NOT LIKE 'email%' ORDER BY number"
    return [kind for (kind,) in await rows(session, query, id=alert_id)]


async def assert_timeline_tells_all(session: ReadSession) -> None:
    """Of every alert: the entries are numbered from 1 to its version, and replayed they come to its status."""
    timelines: dict[UUID, list[tuple[int, str]]] = {}
    for alert_id, number, kind in await rows(session, "SELECT alert_id, number, kind FROM alert_timeline ORDER BY 1, 2"):
        timelines.setdefault(alert_id, []).append((number, kind))
    for alert_id, version, status in await rows(session, "SELECT id, version, status FROM alerts"):
        entries = timelines[alert_id]
        assert [number for number, _ in entries] == list(range(1, version + 1))
        assert [STATUS[kind] for _, kind in entries if kind in STATUS][-1] == status


async def revise(session: Session, *references: str, eta: date = ETA + timedelta(days=30), **cells: Any) -> None:
    """Tell these shipments another ETA, or what else is named, as an import does."""
    await have(session, *(line(reference=name, current_eta=eta.isoformat(), **cells) for name in references))


async def add_alerts(session: Session, count: int, *, organization_id: UUID = OURS) -> Sequence[UUID]:
    """So many alerts of one shipment, faster than evaluations would raise them."""
    await have(session, line(reference="MANY"), organization_id=organization_id)
    insert = """
        WITH raised AS (
            INSERT INTO alerts (id, organization_id, shipment_id, step, eta_revision, severity, days_late, raised_on)
            SELECT uuidv7(), organization_id, id, 1, number, 'info', 1, '2026-03-03'
              FROM shipments, generate_series(1, :count) AS number
             WHERE reference = 'MANY' AND organization_id = :organization_id RETURNING id
        )
        INSERT INTO alert_timeline (alert_id, number, kind, actor) SELECT id, 1, 'raised', 'system:test' FROM raised
        RETURNING alert_id"""
    bound = {"count": count, "organization_id": organization_id}
    return (await session.execute(text(insert), bound)).scalars().all()
