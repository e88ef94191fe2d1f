"""Shipments as the tests of this service need them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.deps import evaluation, shipment_import
from services.alerts.evaluation.schemas import RunSummary
from services.alerts.shipments.schemas import ImportReport
from services.alerts.shipments.shipment_file import COLUMNS
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
ETA: Final = date(2026, 3, 2)

_USUAL: Final = {
    "reference": "MAEU1",
    "customer": "Nordlicht Handels GmbH",
    "carrier": "Maersk",
    "origin": "CNSHA",
    "destination": "DEHAM",
    "current_eta": ETA.isoformat(),
    "status": "in_transit",
    "recipient_email": "customs@example.com",
}


def line(**cells: object) -> str:
    """One row of a file, usual but for what is named."""
    return ",".join(str((_USUAL | cells)[column]) for column in COLUMNS)


def csv_of(*lines: str) -> bytes:
    """A file with these rows."""
    return "\n".join((",".join(COLUMNS), *lines, "")).encode()


async def have(session: Session, *lines: str, organization_id: UUID = OURS) -> ImportReport:
    """Import these rows; all of them must be good."""
    report = await shipment_import(session).run(organization_id, csv_of(*lines))
    assert report.problems == []
    return report


def noon(day: date) -> datetime:
    """A moment of that day."""
    return datetime.combine(day, time(12), UTC)


async def evaluate(session: Session, day: date) -> RunSummary:
    """A run for a day, on that day."""
    return await evaluation(session).run(uuid7(), None, asked_at=noon(day))


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


async def alerts(session: ReadSession) -> Sequence[tuple[Any, ...]]:
    """(reference, step, severity, days late, ETA revision) of all alerts, by reference and in the order of raising."""
    return await rows(
        session,
        "SELECT reference, step, severity, days_late, alerts.eta_revision"
        " FROM alerts JOIN shipments ON shipments.id = shipment_id ORDER BY reference, alerts.id",
    )
