"""Lanes: look, pause, resume, purge."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.auth import Actor
from shared.runtime.operations.lanes import in_broker, service
from shared.runtime.operations.lanes.errors import LaneNotFound, LaneNotOwned
from shared.runtime.operations.lanes.repository import LaneControl, LaneRepository
from shared.runtime.operations.lanes.schemas import LaneList, LimitRate, Purge, Purged, SizePool
from shared.runtime.operations.lanes.service import LaneOperations
from shared.runtime.operations.parameters import LaneName
from shared.runtime.operations.schemas import Why

reads, changes = APIRouter(), APIRouter()


async def _operations(db: WriteDb, actor: Actor) -> LaneOperations:
    return LaneOperations(LaneControl(db), AuditLog(db, actor))


Operations = Annotated[LaneOperations, Depends(_operations)]


@reads.get("/lanes", summary="Show every lane's backlog")
async def list_lanes(request: Request, db: ReadDb) -> LaneList:
    """As this service sees it: a lane's true backlog is the sum over all services, and what is in the broker once."""
    runtime = runtime_of(request)
    counts = await in_broker.look(runtime.redis)
    return LaneList(items=await service.survey(LaneRepository(db), counts, runtime.settings.service))


@changes.post("/lanes/{lane}/pause", summary="Pause a lane", status_code=204, responses=problems(LaneNotFound))
async def pause_lane(lane: LaneName, why: Why, operations: Operations) -> None:
    """This service sends nothing to the lane until it is resumed; what waits is kept. Ask every service to stop a lane wholly."""
    await operations.pause(lane, why.reason)


@changes.post("/lanes/{lane}/resume", summary="Resume a lane", status_code=204, responses=problems(LaneNotFound))
async def resume_lane(lane: LaneName, why: Why, operations: Operations) -> None:
    """This service sends to the lane again."""
    await operations.resume(lane, why.reason)


@changes.post("/lanes/{lane}/rate-limit", summary="Limit the rate of a lane", status_code=204, responses=problems(LaneNotFound))
async def limit_lane(lane: LaneName, body: LimitRate, operations: Operations) -> None:
    """Each relay of this service sends no faster within a second; what waits is kept. The same again changes nothing."""
    await operations.limit(lane, body.per_s, body.reason)


@changes.post(
    "/lanes/{lane}/pool-size",
    summary="Set the size of a lane's pools",
    status_code=204,
    responses=problems(LaneNotFound, LaneNotOwned),
)
async def size_lane(lane: LaneName, body: SizePool, request: Request, operations: Operations) -> None:
    """Each worker that takes from the lane gets so many children within seconds, those that start later, too. Of several lanes
    of one worker the largest size counts."""
    await operations.size(lane, body.size, body.reason, runtime_of(request).settings.service)


@changes.post("/lanes/{lane}/purge", summary="Purge a lane", responses=problems(LaneNotFound))
async def purge_lane(lane: LaneName, body: Purge, operations: Operations) -> Purged:
    """Cancels what waits for the lane in this service's outbox and inbox; the answer names the undo. Ask with dry_run first."""
    return await operations.purge(lane, body.reason, dry_run=body.dry_run)
