"""/v1/caches: what holding caches against the database has found."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.analytics.auth import OverseeingReader
from services.analytics.cached_answers.schemas import CacheLook, CacheLooksOut, CacheReport
from services.analytics.snapshots.repository import SnapshotReader
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/caches", tags=["caches"])


@router.get("/looks", name="list_looks", summary="List looks at the caches")
async def list_looks(_: OverseeingReader, db: ReadDb, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> CacheLooksOut:
    """What was refreshed, compared and mended by each `analytics.sync_cache` of the last two weeks."""
    kept = await SnapshotReader(db).newest("caches", limit)
    return CacheLooksOut(items=[CacheLook(at=one.at, report=CacheReport.model_validate(one.body)) for one in kept])
