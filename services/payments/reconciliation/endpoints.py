"""/v1/reconciliation: runs that compare gateways with our books, and what they have found."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.payments import reconciliation_deps as deps
from services.payments.auth import PaymentsWrite, ReadableOrganization
from services.payments.gateways.errors import GatewayAccountNotFound
from services.payments.reconciliation.errors import RunNotFound
from services.payments.reconciliation.models import RunState
from services.payments.reconciliation.run_repository import RunReader
from services.payments.reconciliation.schemas import FindingOut, RunIn, RunOut, RunRequest
from services.payments.reconciliation.service import run_of
from shared.contracts.payments import ReconcilePayments
from shared.runtime.auth.tenancy import NamedOrganization, organization_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/reconciliation", tags=["reconciliation"])

RunId = Annotated[UUID, Path(description="The run's id.")]


@router.post(
    "/runs",
    name="start_runs",
    status_code=202,
    summary="Compare gateways with our books",
    responses=problems(GatewayAccountNotFound),
)
async def start_runs(
    body: RunIn,
    request: Request,
    response: Response,
    caller: PaymentsWrite,
    db: WriteDb,
    named: NamedOrganization = None,
) -> RunRequest:
    """Ask for a run of each account that is meant: those of the organization, or all for callers who see everybody's.

    Amounts that a gateway reports change no payment, and a second run over the same changes nothing, so it needs no
    Idempotency-Key.
    """
    runtime, whose = runtime_of(request), organization_of(caller, named)
    asked = ReconcilePayments(**body.model_dump(), slot=runtime.clock(), organization_id=whose, requested_by=caller.id)
    reconciling = await deps.reconciling(db, runtime.settings)
    response.headers["Location"] = "/v1/reconciliation/runs"
    return RunRequest(message_id=reconciling.request(asked))


@router.get("/runs", name="list_runs", summary="List runs")
async def list_runs(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    state: Annotated[RunState | None, Query(description="Only those that are so.")] = None,
    account: Annotated[str | None, Query(max_length=100, description="Only those of this account.")] = None,
) -> Page[RunOut]:
    """The newest first. A caller who is bound to an organization sees those of its own accounts."""
    rows = await RunReader(db).newest(organization_id, state=state, account=account, after=paging.after, limit=paging.fetch)
    return paging.page(rows, RunOut, key=lambda row: (row.started_at, row.id))


@router.get("/runs/{run_id:uuid}", name="get_run", summary="Read a run", responses=problems(RunNotFound))
async def get_run(run_id: RunId, organization_id: ReadableOrganization, db: ReadDb) -> RunOut:
    """Where it stands, and what it has come to."""
    return RunOut.model_validate(await run_of(RunReader(db), run_id, organization_id))


@router.get(
    "/runs/{run_id:uuid}/findings", name="list_findings", summary="List a run's findings", responses=problems(RunNotFound)
)
async def list_findings(run_id: RunId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[FindingOut]:
    """By class. What was healed is right by now; about what was not there is a case. Kept for 90 days."""
    reader = RunReader(db)
    await run_of(reader, run_id, organization_id)
    rows = await reader.findings(run_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, FindingOut, key=lambda row: (row.class_, row.entity_id))
