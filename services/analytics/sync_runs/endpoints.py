"""/v1/sync: sources outside, what reading them has come to, and reading one now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.analytics import sync_deps
from services.analytics.auth import AnalyticsOverseer, OverseeingReader
from services.analytics.sync_runs.errors import SourceNotFound, SyncRunNotFound
from services.analytics.sync_runs.models import RunState
from services.analytics.sync_runs.repository import SyncReader
from services.analytics.sync_runs.schemas import SyncRunDetail, SyncRunOut, SyncSourcesOut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.schemas import Why

router = APIRouter(prefix="/v1/sync", tags=["sync"], route_class=IdempotentRoute)

SourceName = Annotated[str, Path(max_length=50, description="A source.", examples=["carrier"])]


@router.get("/sources", name="list_sources", summary="List the sources")
async def list_sources(_: OverseeingReader, request: Request, db: ReadDb) -> SyncSourcesOut:
    """What we can read, whether it is set up, how far it was read, and what its rows look like."""
    return await sync_deps.sync_view(db, runtime_of(request)).sources()


@router.get("/runs", name="list_runs", summary="List runs")
async def list_runs(
    _: OverseeingReader,
    db: ReadDb,
    paging: Paging,
    source: Annotated[str | None, Query(max_length=50, description="Only those of this source.")] = None,
    state: Annotated[RunState | None, Query(description="Only those that are so.")] = None,
) -> Page[SyncRunOut]:
    """Those that were asked for last come first."""
    rows = await SyncReader(db).runs(source=source, state=state, after=paging.after, limit=paging.fetch)
    items = [SyncRunOut.of(row) for row in rows]
    return paging.page(items, SyncRunOut, key=lambda row: (row.asked_at, row.id))


@router.get("/runs/{run_id:uuid}", name="get_run", summary="Read a run", responses=problems(SyncRunNotFound))
async def get_run(
    run_id: Annotated[UUID, Path(description="The run's id.")], _: OverseeingReader, request: Request, db: ReadDb
) -> SyncRunDetail:
    """With how its rows differ from those before, and those that could not be taken."""
    return await sync_deps.sync_view(db, runtime_of(request)).run(run_id)


@router.post(
    "/sources/{name}/run",
    name="run_source",
    status_code=202,
    summary="Read a source now",
    responses=problems(SourceNotFound),
)
async def run_source(
    name: SourceName,
    body: Why,
    request: Request,
    response: Response,
    overseer: AnalyticsOverseer,
    db: WriteDb,
    _: Idempotent,
) -> SyncRunOut:
    """Besides the runs of the schedule. Of two at once, one stops where it meets the other."""
    run = await sync_deps.sync_desk(db, runtime_of(request), overseer.id).ask(name, body.reason)
    response.headers["Location"] = f"/v1/sync/runs/{run.id}"
    return SyncRunOut.of(run)
