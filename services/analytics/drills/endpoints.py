"""/v1/restore-drills: which restores were tried, and trying one now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.analytics import backup_deps
from services.analytics.auth import AnalyticsOverseer, OverseeingReader
from services.analytics.drills.errors import DrillNotFound
from services.analytics.drills.repository import DrillReader
from services.analytics.drills.schemas import DrillOut
from services.analytics.drills.service import drill_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.schemas import Why

router = APIRouter(prefix="/v1/restore-drills", tags=["restore-drills"], route_class=IdempotentRoute)

DrillId = Annotated[UUID, Path(description="The drill's id.")]


@router.get("", name="list", summary="List restore drills")
async def list_drills(_: OverseeingReader, db: ReadDb, paging: Paging) -> Page[DrillOut]:
    """Those that were asked for last come first."""
    rows = await DrillReader(db).newest(after=paging.after, limit=paging.fetch)
    return paging.page(rows, DrillOut, key=lambda row: (row.asked_at, row.id))


@router.get("/{drill_id:uuid}", name="get", summary="Read a restore drill", responses=problems(DrillNotFound))
async def get(drill_id: DrillId, _: OverseeingReader, db: ReadDb) -> DrillOut:
    """What was restored, how long it took, and what was not as it had been."""
    return DrillOut.model_validate(await drill_of(DrillReader(db), drill_id))


@router.post("", name="create", status_code=202, summary="Try the newest backup now")
async def create(
    body: Why, request: Request, response: Response, overseer: AnalyticsOverseer, db: WriteDb, _: Idempotent
) -> DrillOut:
    """Besides those of the schedule: into a new database on the server that is set for it, which is removed afterwards."""
    drill = await backup_deps.drills(db, overseer.id, runtime_of(request).clock).ask(body.reason)
    response.headers["Location"] = f"/v1/restore-drills/{drill.id}"
    return DrillOut.model_validate(drill)
