"""/v1/monitoring/workers: who works, and who only looks as if."""

from fastapi import APIRouter, Request

from services.analytics import monitoring_deps
from services.analytics.workers.schemas import WorkersOut
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(tags=["monitoring"])


@router.get("/workers", name="list_workers", summary="Show every worker")
async def list_workers(request: Request, db: ReadDb) -> WorkersOut:
    """Up, busy, stuck, down or stopped, what each has in hand and how much memory it takes; those with a problem first."""
    return await monitoring_deps.workers(runtime_of(request), db)
