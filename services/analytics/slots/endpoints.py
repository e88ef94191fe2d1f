"""/v1/monitoring/schedules: what fires by the clock, and what should have."""

from fastapi import APIRouter, Request

from services.analytics import monitoring_deps
from services.analytics.slots.schemas import SchedulesOut
from shared.runtime.http.runtime import runtime_of

router = APIRouter(tags=["monitoring"])


@router.get("/schedules", name="list_all_schedules", summary="Show every schedule entry")
async def list_all_schedules(request: Request) -> SchedulesOut:
    """Of all services, with the last slot and the next, missed slots, and those that are late; late ones first."""
    return await monitoring_deps.schedule_slots(runtime_of(request))
