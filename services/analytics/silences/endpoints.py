"""/v1/monitoring/silences: of what nobody is told for a while."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request

from services.analytics import monitoring_alert_deps as deps
from services.analytics.auth import AnalyticsOverseer
from services.analytics.silences.errors import SilenceNotFound, SilenceOver, SilenceUnusable
from services.analytics.silences.repository import SilenceReader
from services.analytics.silences.schemas import SilenceIn, SilenceOut
from services.analytics.silences.service import Silences
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.schemas import Why

router = APIRouter(prefix="/silences", tags=["monitoring"], route_class=IdempotentRoute)


async def _desk(caller: AnalyticsOverseer, db: WriteDb, request: Request) -> Silences:
    return deps.silences(db, runtime_of(request).clock(), caller.id)


Desk = Annotated[Silences, Depends(_desk)]


@router.get("", name="list_silences", summary="List silences")
async def list_silences(db: ReadDb, paging: Paging) -> Page[SilenceOut]:
    """The newest first, with those that are over."""
    before = UUID(str(paging.after[0])) if paging.after else None
    rows = await SilenceReader(db).newest(before=before, limit=paging.fetch)
    return paging.page(rows, SilenceOut, key=lambda row: (row.id,))


@router.post("", name="create_silence", status_code=201, summary="Keep quiet", responses=problems(SilenceUnusable))
async def create_silence(_caller: AnalyticsOverseer, body: SilenceIn, desk: Desk, _: Idempotent) -> SilenceOut:
    """Alerts under it are raised and shown, and nobody is told of them. What still fires when it ends is told then."""
    return SilenceOut.model_validate(await desk.create(body))


@router.post(
    "/{silence_id:uuid}/end", name="end_silence", summary="End a silence", responses=problems(SilenceNotFound, SilenceOver)
)
async def end_silence(silence_id: Annotated[UUID, Path(description="The silence's id.")], body: Why, desk: Desk) -> SilenceOut:
    """Before its time. Ending it twice is refused, so it needs no Idempotency-Key."""
    return SilenceOut.model_validate(await desk.end(silence_id, body.reason))
