"""/v1/monitoring/health: how every part of the system is."""

from fastapi import APIRouter, Request

from services.analytics import monitoring_deps
from services.analytics.health.schemas import HealthOut
from shared.runtime.http.runtime import runtime_of

router = APIRouter(tags=["monitoring"])


@router.get("/health", name="show_system_health", summary="Show how every part is")
async def show_system_health(request: Request) -> HealthOut:
    """Services, database, broker, collector, and the breakers of outside providers. Answers within seconds, whatever is away."""
    return await monitoring_deps.system_health(runtime_of(request))
