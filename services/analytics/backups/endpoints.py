"""/v1/backups: which there are, how safe we are, and making one now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.analytics import backup_deps
from services.analytics.auth import AnalyticsOverseer, OverseeingReader
from services.analytics.backups.errors import BackupNotFound
from services.analytics.backups.models import BackupState
from services.analytics.backups.repository import BackupReader
from services.analytics.backups.schemas import BackupDetail, BackupOut, BackupSchemaOut, StandingOut
from services.analytics.backups.service import backup_of, standing
from services.analytics.drills.repository import DrillReader
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.schemas import Why

router = APIRouter(prefix="/v1/backups", tags=["backups"], route_class=IdempotentRoute)

BackupId = Annotated[UUID, Path(description="The backup's id.")]


@router.get("", name="list", summary="List backups")
async def list_backups(
    _: OverseeingReader,
    db: ReadDb,
    paging: Paging,
    state: Annotated[BackupState | None, Query(description="Only those that are so.")] = None,
) -> Page[BackupOut]:
    """Those that were asked for last come first."""
    rows = await BackupReader(db).newest(state=state, after=paging.after, limit=paging.fetch)
    return paging.page(rows, BackupOut, key=lambda row: (row.asked_at, row.id))


@router.get("/standing", name="standing", summary="Read how safe we are")
async def read_standing(_: OverseeingReader, request: Request, db: ReadDb) -> StandingOut:
    """What would be lost if the database were lost now, and how long it would take to come back."""
    found = await standing(BackupReader(db), DrillReader(db), runtime_of(request).clock())
    return StandingOut.model_validate(found)


@router.get("/{backup_id:uuid}", name="get", summary="Read a backup", responses=problems(BackupNotFound))
async def get(backup_id: BackupId, _: OverseeingReader, db: ReadDb) -> BackupDetail:
    """With its files and their checksums."""
    rows = BackupReader(db)
    found = BackupOut.model_validate(await backup_of(rows, backup_id))
    schemas = [BackupSchemaOut.model_validate(schema) for schema in await rows.schemas(backup_id)]
    return BackupDetail(**dict(found), schemas=schemas)


@router.post("", name="create", status_code=202, summary="Make a backup now")
async def create(
    body: Why, request: Request, response: Response, overseer: AnalyticsOverseer, db: WriteDb, _: Idempotent
) -> BackupOut:
    """Besides those of the schedule. It is made by the worker of `analytics.backup`, one at a time."""
    backup = await backup_deps.backups(db, overseer.id, runtime_of(request).clock).ask(body.reason)
    response.headers["Location"] = f"/v1/backups/{backup.id}"
    return BackupOut.model_validate(backup)
