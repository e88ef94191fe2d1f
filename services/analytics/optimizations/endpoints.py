"""/v1/optimizations: what the daily look at tables, indexes, partitions and caches has found and done."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.analytics.auth import OverseeingReader
from services.analytics.optimizations.schemas import OptimizationOut, OptimizationReport, OptimizationsOut
from services.analytics.snapshots.repository import SnapshotReader
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/optimizations", tags=["optimizations"])


@router.get("", name="list", summary="List optimizations")
async def list_optimizations(_: OverseeingReader, db: ReadDb, limit: Annotated[int, Query(ge=1, le=20)] = 7) -> OptimizationsOut:
    """Before and after of each `analytics.optimize_system` of the last two weeks, with what it advises."""
    kept = await SnapshotReader(db).newest("optimization", limit)
    items = [OptimizationOut(at=one.at, report=OptimizationReport.model_validate(one.body)) for one in kept]
    return OptimizationsOut(items=items)
