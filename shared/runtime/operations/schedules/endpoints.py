"""Schedules: list, pause, resume, run, other times."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.auth import Actor
from shared.runtime.operations.schedules import service
from shared.runtime.operations.schedules.errors import InvalidCrontab, ScheduleNotFound
from shared.runtime.operations.schedules.repository import ScheduleControl, ScheduleRepository
from shared.runtime.operations.schedules.schemas import Fired, ScheduleEdit, ScheduleList
from shared.runtime.operations.schedules.service import ScheduleOperations
from shared.runtime.operations.schemas import Why
from shared.runtime.schedule import Entry

reads, changes = APIRouter(), APIRouter()

EntryName = Annotated[str, Path(max_length=100, description="The entry's name.")]


async def entries(request: Request) -> tuple[Entry, ...]:
    """The entries of the service that is asked."""
    return service.entries_of(runtime_of(request).settings.service)


Entries = Annotated[tuple[Entry, ...], Depends(entries)]


async def _operations(request: Request, db: WriteDb, known: Entries, actor: Actor) -> ScheduleOperations:
    return ScheduleOperations(db, ScheduleControl(db), known, AuditLog(db, actor), runtime_of(request).clock)


Operations = Annotated[ScheduleOperations, Depends(_operations)]


@reads.get("/schedules", summary="List what fires by the clock")
async def list_schedules(request: Request, db: ReadDb, known: Entries) -> ScheduleList:
    """Every entry with the times that are in effect, its last slot and its next."""
    return ScheduleList(items=await service.survey(ScheduleRepository(db), known, runtime_of(request).clock))


@changes.post("/schedules/{name}/pause", summary="Pause a schedule entry", status_code=204, responses=problems(ScheduleNotFound))
async def pause_schedule(name: EntryName, why: Why, operations: Operations) -> None:
    """No slot fires until it is resumed; those that pass meanwhile are counted as missed."""
    await operations.set_paused(name, why.reason, paused=True)


@changes.post(
    "/schedules/{name}/resume", summary="Resume a schedule entry", status_code=204, responses=problems(ScheduleNotFound)
)
async def resume_schedule(name: EntryName, why: Why, operations: Operations) -> None:
    """Slots fire again, from the next one on."""
    await operations.set_paused(name, why.reason, paused=False)


@changes.post("/schedules/{name}/run", summary="Fire a schedule entry now", responses=problems(ScheduleNotFound))
async def run_schedule(name: EntryName, why: Why, operations: Operations) -> Fired:
    """Besides its slots, and also while it is paused."""
    return await operations.run(name, why.reason)


@changes.put(
    "/schedules/{name}",
    summary="Change a schedule entry's times",
    status_code=204,
    responses=problems(ScheduleNotFound, InvalidCrontab),
)
async def update_schedule(name: EntryName, body: ScheduleEdit, operations: Operations) -> None:
    """From now on. The change survives deploys, until null returns to the code's own times."""
    await operations.set_crontab(name, body.crontab, body.reason)
