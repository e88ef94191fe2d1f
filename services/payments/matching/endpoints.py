"""/v1/matching: where orders stand on their way to manufacturers, why, runs over them, and what would happen if."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.payments import matching_deps as deps
from services.payments.auth import OneOrganization, PaymentsWrite, ReadableOrganization
from services.payments.matching.errors import ExplanationNotFound, NothingToMatch, OrderNotFound, RunNotFound
from services.payments.matching.match_repository import MatchReader
from services.payments.matching.models import MatchState
from services.payments.matching.run_repository import RunReader
from services.payments.matching.schemas import DecisionOut, Explanation, OrderMatchOut, RunOut, RunRequest, WhatIf
from services.payments.paging import after_id
from shared.runtime.auth.tenancy import NamedOrganization, organization_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.ids import uuid7

router = APIRouter(prefix="/v1/matching", tags=["matching"])

OrderId = Annotated[UUID, Path(description="The order's id.")]
State = Annotated[MatchState | None, Query(description="Only those that stand so.")]


@router.get("/orders", name="list_orders", summary="List where orders stand")
async def list_orders(
    organization_id: ReadableOrganization, db: ReadDb, paging: Paging, state: State = None
) -> Page[OrderMatchOut]:
    """The newest orders first; `state=unmatched` are those that need somebody's help."""
    rows = await MatchReader(db).newest(organization_id, state=state, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, OrderMatchOut, key=lambda row: (row.order_id,))


@router.get("/orders/{order_id:uuid}", name="get_order", summary="Read where an order stands", responses=problems(OrderNotFound))
async def get_order(order_id: OrderId, organization_id: ReadableOrganization, db: ReadDb) -> OrderMatchOut:
    """GET /v1/offers?order_id=… shows who was asked."""
    return OrderMatchOut.model_validate(await deps.order_matches(db).find(order_id, organization_id))


@router.get(
    "/orders/{order_id:uuid}/explanation",
    name="explain",
    summary="Explain how an order was matched",
    responses=problems(ExplanationNotFound),
)
async def explain(order_id: OrderId, organization_id: ReadableOrganization, db: ReadDb) -> Explanation:
    """The newest decision about it: who was left out by which rule, each term of each score, the plan and its runners-up.

    Names of manufacturers are those of today; all else is as it was.
    """
    return await deps.explanations(db, organization_id).newest(order_id)


@router.get(
    "/orders/{order_id:uuid}/explanations",
    name="list_explanations",
    summary="List decisions about an order",
    responses=problems(OrderNotFound),
)
async def list_explanations(
    order_id: OrderId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[DecisionOut]:
    """The newest first; one for each time that manufacturers were looked for."""
    await deps.order_matches(db).find(order_id, organization_id)
    before = after_id(paging)
    rows = await RunReader(db).explanations(order_id, organization_id, before=before, limit=paging.fetch)
    return paging.page(rows, DecisionOut, key=lambda row: (row.id,))


@router.get(
    "/explanations/{explanation_id:uuid}", name="explanation", summary="Read a decision", responses=problems(ExplanationNotFound)
)
async def explanation(explanation_id: UUID, organization_id: ReadableOrganization, db: ReadDb) -> Explanation:
    """As `explain` tells the newest one."""
    return await deps.explanations(db, organization_id).one(explanation_id)


@router.post("/orders/{order_id:uuid}/match", name="match_order", summary="Match an order now", responses=problems(OrderNotFound))
async def match_order(
    order_id: OrderId, request: Request, caller: PaymentsWrite, db: WriteDb, named: NamedOrganization = None
) -> OrderMatchOut:
    """Make offers for the lines that nobody has, or say why there is nobody. While offers stand it changes nothing, so it needs
    no Idempotency-Key."""
    organization_id = organization_of(caller, named)
    runtime = runtime_of(request)
    await deps.match_runs(db, runtime.settings, runtime.clock).one(uuid7(), order_id, organization_id, requested_by=caller.id)
    return OrderMatchOut.model_validate(await deps.order_matches(db).find(order_id, organization_id))


@router.post("/what-if", name="what_if", summary="Try a matching", responses=problems(OrderNotFound, NothingToMatch))
async def what_if(body: WhatIf, request: Request, organization_id: OneOrganization, db: ReadDb) -> Explanation:
    """How an order would be matched now by other weights, or without some manufacturers. Nothing is written or reserved."""
    return await deps.what_ifs(db, runtime_of(request).clock).answer(body, organization_id)


@router.post("/runs", name="start_run", status_code=202, summary="Match all orders that wait")
async def start_run(response: Response, caller: PaymentsWrite, db: WriteDb, named: NamedOrganization = None) -> RunRequest:
    """Ask for a run; `Location` is where it can be followed. A second one finds nothing left, so it needs no Idempotency-Key."""
    message_id = deps.request_run(db, organization_of(caller, named))
    response.headers["Location"] = f"/v1/matching/runs/{message_id}"
    return RunRequest(message_id=message_id)


@router.get("/runs", name="list_runs", summary="List runs")
async def list_runs(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[RunOut]:
    """The newest first. A caller who is bound to an organization sees those that were asked for it alone."""
    rows = await RunReader(db).newest(organization_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, RunOut, key=lambda row: (row.started_at, row.id))


@router.get("/runs/{run_id:uuid}", name="get_run", summary="Read a run", responses=problems(RunNotFound))
async def get_run(run_id: UUID, organization_id: ReadableOrganization, db: ReadDb) -> RunOut:
    """What it has come to so far."""
    return RunOut.model_validate(await deps.order_matches(db).run(run_id, organization_id))
