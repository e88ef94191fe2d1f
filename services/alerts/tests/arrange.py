"""Shipments as the tests of this service need them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.deps import shipment_import
from services.alerts.evaluation.run import EvaluationRuns, Run
from services.alerts.evaluation.run_repository import RunRepository
from services.alerts.evaluation.schemas import RunSummary
from services.alerts.shipments.file_format import REQUIRED
from services.alerts.shipments.import_schemas import ImportReport
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7
from shared.runtime.outcomes import Done, Retry

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
    "recipients": "customs@example.com",
}


def line(**cells: object) -> str:
    """One row of a file, usual but for what is named."""
    return ",".join(str((_USUAL | cells)[column]) for column in REQUIRED)


def csv_of(*lines: str) -> bytes:
    """A file with these rows."""
    return "\n".join((",".join(REQUIRED), *lines, "")).encode()


async def have(session: Session, *lines: str, organization_id: UUID = OURS) -> ImportReport:
    """Import these rows; all of them must be good."""
    report = await shipment_import(session, organization_id, today=ETA).run(csv_of(*lines))
    assert report.problems == []
    return report


def noon(day: date) -> datetime:
    """A moment of that day."""
    return datetime.combine(day, time(12), UTC)


async def evaluate(session: Session, day: date) -> RunSummary:
    """A run for a day, in the test's transaction."""

    @asynccontextmanager
    async def unit_of_work() -> AsyncIterator[Session]:
        yield session

    run = Run(uuid7())
    runs = RunRepository(session)
    await runs.request(run.id, day, trigger="message", requested_by="system:test")
    await runs.begin(run.id)
    while not isinstance(outcome := await EvaluationRuns(unit_of_work, lambda: noon(day)).call(run), Done):
        assert isinstance(outcome, Retry)
    return RunSummary.model_validate(outcome.result)


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
