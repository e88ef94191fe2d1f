"""The statements that turn lateness into alerts. Each is one round trip, however many shipments it concerns."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.alerts.evaluation.models import Chunk, EvaluationRun, Found, Position
from services.alerts.shipments.models import Shipment
from shared.runtime.db import ReadSession, Session

BEGINNING: Final = Position(date.min, UUID(int=0))
"""Before every shipment; asyncpg sends `date.min` as -infinity."""

# A chunk continues after the last one's end, though what lies before is due no more: within one transaction the index still
# leads to every row version that the run has left behind. A row that an import holds is waited for and not skipped,
# because skipped it would be late by another day.
_CHUNK: Final = """
    WITH due AS MATERIALIZED (
        SELECT id, organization_id, current_eta, eta_revision, next_evaluation_on FROM shipments
         WHERE next_evaluation_on <= CAST(:as_of AS date)
           AND (next_evaluation_on, id) > (CAST(:after_on AS date), CAST(:after_id AS uuid))
         ORDER BY next_evaluation_on, id LIMIT :size FOR UPDATE
    )"""
_SINGLE: Final = """
    WITH due AS MATERIALIZED (
        SELECT id, organization_id, current_eta, eta_revision FROM shipments WHERE id = :shipment_id AND watched FOR UPDATE
    )"""

# The steps cut the days into stretches, so that each shipment lies in one at most: that is the highest step it has reached,
# and the stretch's end is its next crossing. Steps in between that it passed unseen are not raised any more, nor is one
# below a step that it had, which a run for an earlier day would find.
_RAISE: Final = """, stretches AS (
        SELECT step, severity, days_late AS from_day, lead(days_late) OVER (ORDER BY days_late) AS until_day FROM policy_steps
    ), reached AS (
        SELECT due.*, CAST(:as_of AS date) - due.current_eta AS days_late, stretches.step, stretches.severity,
               due.current_eta + CASE WHEN stretches.step IS NULL THEN (SELECT min(days_late) FROM policy_steps)
                                      ELSE stretches.until_day END AS next_on
          FROM due LEFT JOIN stretches ON CAST(:as_of AS date) - due.current_eta >= stretches.from_day
                                      AND CAST(:as_of AS date) - due.current_eta < coalesce(stretches.until_day, 2147483647)
    ), raised AS (
        INSERT INTO alerts (id, organization_id, shipment_id, step, eta_revision, severity, days_late, raised_on)
        SELECT uuidv7(), organization_id, id, step, eta_revision, severity, days_late, CAST(:as_of AS date) FROM reached
         WHERE step IS NOT NULL
           AND NOT EXISTS (SELECT FROM alerts AS had WHERE had.shipment_id = reached.id AND had.step >= reached.step
                                                       AND had.eta_revision = reached.eta_revision)
        ON CONFLICT (shipment_id, step, eta_revision) DO NOTHING
        RETURNING id, shipment_id
    ), moved AS (
        UPDATE shipments SET next_evaluation_on = reached.next_on FROM reached WHERE shipments.id = reached.id
    )"""

_OF_CHUNK: Final = """
    SELECT (SELECT count(*) FROM due) AS shipments, (SELECT count(*) FROM raised) AS raised, next_evaluation_on, id
      FROM due ORDER BY next_evaluation_on DESC, id DESC LIMIT 1
"""
_OF_SINGLE: Final = """
    SELECT days_late, step, severity, raised.id AS alert_id, next_on
      FROM reached LEFT JOIN raised ON raised.shipment_id = reached.id
"""
_EVALUATE_CHUNK: Final = text(_CHUNK + _RAISE + _OF_CHUNK)
_EVALUATE_SINGLE: Final = text(_SINGLE + _RAISE + _OF_SINGLE)

_REQUEST: Final = text("INSERT INTO evaluation_runs (id, as_of) VALUES (:id, :as_of)")
_BEGIN: Final = text("""
    INSERT INTO evaluation_runs (id, as_of, started_at) VALUES (:id, :as_of, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at
""")
_FINISH: Final = text("""
    UPDATE evaluation_runs SET finished_at = clock_timestamp(), shipments = :shipments, raised = :raised, chunks = :chunks
     WHERE id = :id
""")


class RunReader:
    """Reads the ledger of runs."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, run_id: UUID) -> EvaluationRun | None:
        """The run that the message with this id asks for; None when it is not known, or runs by the clock and is not finished."""
        return await self._session.get(EvaluationRun, run_id)


class EvaluationRepository:
    """Evaluates, and keeps the ledger of runs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request_run(self, run_id: UUID, as_of: date) -> None:
        """Write that a run was asked for."""
        await self._session.execute(_REQUEST, {"id": run_id, "as_of": as_of})

    async def begin_run(self, run_id: UUID, as_of: date) -> None:
        """Write that a run has begun."""
        await self._session.execute(_BEGIN, {"id": run_id, "as_of": as_of})

    async def finish_run(self, run_id: UUID, *, shipments: int, raised: int, chunks: int) -> None:
        """Write what a run came to."""
        await self._session.execute(_FINISH, {"id": run_id, "shipments": shipments, "raised": raised, "chunks": chunks})

    async def evaluate_chunk(self, as_of: date, after: Position, size: int) -> Chunk | None:
        """Raise the alerts of the next `size` shipments that are due on `as_of`; None when there are none left."""
        bound = {"as_of": as_of, "after_on": after.on, "after_id": after.shipment_id, "size": size}
        row = (await self._session.execute(_EVALUATE_CHUNK, bound)).one_or_none()
        return None if row is None else Chunk(row.shipments, row.raised, Position(row.next_evaluation_on, row.id))

    async def evaluate_shipment(self, shipment_id: UUID, as_of: date) -> Found | None:
        """Raise the alert of one shipment, if one is due on `as_of`; None for a shipment that is not watched, or not there."""
        row = (await self._session.execute(_EVALUATE_SINGLE, {"shipment_id": shipment_id, "as_of": as_of})).one_or_none()
        return None if row is None else Found(row.days_late, row.step, row.severity, row.alert_id, row.next_on)

    async def status_of(self, shipment_id: UUID) -> str | None:
        """A shipment's status; None when there is no such shipment."""
        return await self._session.scalar(select(Shipment.status).where(Shipment.id == shipment_id))
