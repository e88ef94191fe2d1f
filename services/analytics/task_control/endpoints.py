"""/v1/monitoring/tasks/schedule and /control: for administrators, once per key, and audited."""

from fastapi import APIRouter, Request

from services.analytics import control_deps as deps
from services.analytics.auth import AnalyticsOverseer
from services.analytics.owners.errors import NotKnown, OwnerAway, OwnerRefused
from services.analytics.task_control.errors import TaskUnusable, UnknownLane, UnknownTask
from services.analytics.task_control.schemas import Control, Controlled, Scheduled, ScheduleIn
from shared.runtime.http.idempotency import Idempotent, IdempotentByLease, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/tasks", tags=["monitoring"], route_class=IdempotentRoute)


@router.post(
    "/schedule", name="schedule_task", status_code=202, summary="Schedule a task", responses=problems(UnknownTask, TaskUnusable)
)
async def schedule_task(caller: AnalyticsOverseer, body: ScheduleIn, request: Request, db: WriteDb, _: Idempotent) -> Scheduled:
    """Any contract by its name, validated against it. It waits in our outbox until it is due, and can be cancelled there."""
    return await deps.scheduling(db, runtime_of(request).clock(), caller.id).schedule(body)


@router.post(
    "/control",
    name="control_tasks",
    summary="Control the task system",
    responses=problems(UnknownLane, NotKnown, OwnerRefused, OwnerAway),
)
async def control_tasks(caller: AnalyticsOverseer, body: Control, request: Request, _: IdempotentByLease) -> Controlled:
    """Cancel or retry a message; pause, resume, limit or purge a lane; size its pools; undo. Owners do it and audit who asked."""
    return await deps.control(runtime_of(request), caller.id).carry_out(body)
