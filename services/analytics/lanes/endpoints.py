"""/v1/monitoring/queues: what waits where."""

from fastapi import APIRouter, Request

from services.analytics import monitoring_deps
from services.analytics.lanes.schemas import QueuesOut
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(tags=["monitoring"])


@router.get("/queues", name="list_queues", summary="Show what waits for every lane")
async def list_queues(request: Request, db: ReadDb) -> QueuesOut:
    """All producers' rows, the consumer's retries, and the broker. A service that does not answer is unknown, and not zero."""
    return await monitoring_deps.queues(runtime_of(request), db)
