"""/v1/monitoring/metrics and /dashboard: the task system in figures."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.analytics import monitoring_deps
from services.analytics.realtime.schemas import DashboardOut, RealtimeSeriesOut, SeriesOut
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(tags=["monitoring"])

Points = Annotated[int, Query(ge=0, le=720, description="How many earlier moments are shown.")]


@router.get("/metrics/realtime", name="show_realtime_metrics", summary="Show how the task system is doing")
async def show_realtime_metrics(request: Request, db: ReadDb, points: Points = 30) -> RealtimeSeriesOut:
    """Now, live, and every two minutes before."""
    return await monitoring_deps.realtime_series(runtime_of(request), db, points)


@router.get("/metrics/performance", name="show_performance_metrics", summary="Show lanes and workers over time")
async def show_performance_metrics(db: ReadDb, points: Points = 12) -> SeriesOut:
    """What waited, how fast it went, and what workers and broker took, every five minutes; the newest first."""
    return await monitoring_deps.series(db, "performance", points)


@router.get("/dashboard", name="show_dashboard", summary="Show the last day at a glance")
async def show_dashboard(db: ReadDb) -> DashboardOut:
    """By the hour, with the busiest, the slowest and those that fail; made every five minutes."""
    return await monitoring_deps.dashboard(db)
