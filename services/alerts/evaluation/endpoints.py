"""/v1/evaluations: ask for a run over all shipments, and read what it came to."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.alerts import deps
from services.alerts.auth import OverseeingRead, OverseeingWrite
from services.alerts.evaluation.errors import DayNotEvaluable, RunNotFound
from services.alerts.evaluation.repository import RunReader
from services.alerts.evaluation.schemas import EvaluationAccepted, EvaluationRequest, RunOut
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])


@router.post("", status_code=202, summary="Evaluate all shipments", responses=problems(DayNotEvaluable))
async def start(
    request: Request, response: Response, _: OverseeingWrite, db: WriteDb, body: EvaluationRequest | None = None
) -> EvaluationAccepted:
    """Ask for a run; `Location` is where it can be followed. A second run for a day creates nothing, so it needs no
    Idempotency-Key. A run concerns all organizations: a token that is bound to one cannot ask for it."""
    as_of = body.as_of if body is not None else None
    message_id = await deps.evaluation(db).request(as_of, now=runtime_of(request).clock())
    response.headers["Location"] = f"/v1/evaluations/{message_id}"
    return EvaluationAccepted(message_id=message_id)


@router.get("/{run_id}", summary="Read a run", responses=problems(RunNotFound))
async def get(run_id: UUID, _: OverseeingRead, db: ReadDb) -> RunOut:
    """What a run came to, once `finished_at` is set."""
    run = await RunReader(db).find(run_id)
    if run is None:
        raise RunNotFound("there is no run with this id; ask for one: POST /v1/evaluations")
    return RunOut.model_validate(run)
