"""/v1/cases: what a person has to look at, who does, and how it ended."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from services.payments import reconciliation_deps as deps
from services.payments.auth import PaymentsWrite, ReadableOrganization
from services.payments.cases.errors import CaseNotFound, CaseResolved
from services.payments.cases.filter_models import CaseFilter
from services.payments.cases.repository import CaseReader
from services.payments.cases.schemas import AssignIn, CaseOut, CaseStory, CommentIn, ResolveIn
from services.payments.cases.service import found
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/cases", tags=["cases"])

CaseId = Annotated[UUID, Path(description="The case's id.")]


async def filter_of_query(meant: Annotated[CaseFilter, Query()]) -> CaseFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


@router.get("", name="list", summary="List cases")
async def list_cases(
    organization_id: ReadableOrganization,
    request: Request,
    db: ReadDb,
    paging: Paging,
    meant: Annotated[CaseFilter, Depends(filter_of_query)],
) -> Page[CaseOut]:
    """The newest first. What belongs to no organization that we know is shown to callers who see everybody's."""
    now = runtime_of(request).clock()
    rows = await CaseReader(db).newest(meant, organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page([CaseOut.of(row, now) for row in rows], CaseOut, key=lambda row: (row.id,))


@router.get("/{case_id:uuid}", name="get", summary="Read a case", responses=problems(CaseNotFound))
async def get_case(case_id: CaseId, organization_id: ReadableOrganization, request: Request, db: ReadDb) -> CaseStory:
    """With its history: who had it, what was written down, when it was resolved and opened again."""
    reader = CaseReader(db)
    case = found(await reader.find(case_id, organization_id))
    return CaseStory.told(case, list(await reader.history(case_id)), runtime_of(request).clock())


@router.put("/{case_id:uuid}/owner", name="assign", summary="Assign a case", responses=problems(CaseNotFound, CaseResolved))
async def assign(case_id: CaseId, body: AssignIn, request: Request, caller: PaymentsWrite, db: WriteDb) -> CaseOut:
    """Say who looks after it, or that nobody does."""
    clock = runtime_of(request).clock
    return CaseOut.of(await deps.case_desk(db, clock, caller).assign(case_id, body.owner), clock())


@router.post(
    "/{case_id:uuid}/comments", name="comment", status_code=201, summary="Comment on a case", responses=problems(CaseNotFound)
)
async def comment(case_id: CaseId, body: CommentIn, request: Request, caller: PaymentsWrite, db: WriteDb) -> CaseOut:
    """Write something down. Moves no money, so it needs no Idempotency-Key."""
    clock = runtime_of(request).clock
    return CaseOut.of(await deps.case_desk(db, clock, caller).comment(case_id, body.note), clock())


@router.post("/{case_id:uuid}/resolve", name="resolve", summary="Resolve a case", responses=problems(CaseNotFound, CaseResolved))
async def resolve(case_id: CaseId, body: ResolveIn, request: Request, caller: PaymentsWrite, db: WriteDb) -> CaseOut:
    """End it, with the reason. Moves no money, and a second time it is refused, so it needs no Idempotency-Key."""
    clock = runtime_of(request).clock
    return CaseOut.of(await deps.case_desk(db, clock, caller).resolve(case_id, body.resolution, body.note), clock())
