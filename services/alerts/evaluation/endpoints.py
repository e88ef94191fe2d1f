"""/v1/evaluations: runs over all shipments, and what they came to. /v1/shipments/{id}/evaluation: one shipment, at once."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.alerts import deps
from services.alerts.auth import AlertsWrite, OverseeingRead, OverseeingWrite
from services.alerts.evaluation.errors import DayNotEvaluable, RunNotFound
from services.alerts.evaluation.models import EvaluationRun
from services.alerts.evaluation.run_repository import RunReader
from services.alerts.evaluation.schemas import ChunkOut, EvaluationAccepted, EvaluationRequest, Explanation, RunOut
from services.alerts.shipments.errors import ShipmentNotFound
from services.alerts.shipments.repository import ShipmentReader
from services.alerts.shipments.service import shipment_detail
from shared.runtime.db import ReadSession
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])
of_shipment = APIRouter(prefix="/v1/shipments/{shipment_id:uuid}/evaluation", tags=["evaluations"])


@router.post("", status_code=202, summary="Evaluate all shipments", responses=problems(DayNotEvaluable))
async def start(
    request: Request, response: Response, caller: OverseeingWrite, db: WriteDb, body: EvaluationRequest | None = None
) -> EvaluationAccepted:
    """Ask for a run; `Location` is where it can be followed. A second run for a day creates nothing, so it needs no
    Idempotency-Key. A run concerns all organizations: a token that is bound to one cannot ask for it."""
    as_of = body.as_of if body is not None else None
    now = runtime_of(request).clock()
    message_id = await deps.evaluation(db).request(as_of, now=now, requested_by=caller.id)
    response.headers["Location"] = f"/v1/evaluations/{message_id}"
    return EvaluationAccepted(message_id=message_id)


@router.get("", name="list", summary="List runs")
async def list_runs(_: OverseeingRead, db: ReadDb, paging: Paging) -> Page[RunOut]:
    """The newest first, those of the schedule among them."""
    rows = await RunReader(db).newest(after=paging.after, limit=paging.fetch)
    return paging.page(rows, RunOut, key=lambda row: (row.requested_at, row.id))


@router.get("/{run_id}", summary="Read a run", responses=problems(RunNotFound))
async def get(run_id: UUID, _: OverseeingRead, db: ReadDb) -> RunOut:
    """Where a run stands, and what it came to once `finished_at` is set."""
    return RunOut.model_validate(await _found(run_id, db))


@router.get("/{run_id}/chunks", name="list_chunks", summary="List a run's chunks", responses=problems(RunNotFound))
async def list_chunks(run_id: UUID, _: OverseeingRead, db: ReadDb, paging: Paging) -> Page[ChunkOut]:
    """In their order. Each was committed alone."""
    await _found(run_id, db)
    rows = await RunReader(db).chunks(run_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, ChunkOut, key=lambda row: (row.number,))


async def _found(run_id: UUID, db: ReadSession) -> EvaluationRun:
    run = await RunReader(db).find(run_id)
    if run is None:
        raise RunNotFound("there is no run with this id; ask for one: POST /v1/evaluations")
    return run


@of_shipment.post("", name="evaluate", summary="Evaluate a shipment", responses=problems(ShipmentNotFound, DayNotEvaluable))
async def evaluate(
    shipment_id: UUID, request: Request, caller: AlertsWrite, db: WriteDb, body: EvaluationRequest | None = None
) -> Explanation:
    """Raise the alert that is due, if one is, and say which step fired or why none did. Again, it raises nothing more."""
    await shipment_detail(ShipmentReader(db), shipment_id, caller.organization_id)
    as_of = body.as_of if body is not None else None
    return await deps.evaluation(db).explain(shipment_id, as_of, asked_at=runtime_of(request).clock())
