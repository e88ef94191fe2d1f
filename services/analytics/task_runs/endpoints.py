"""/v1/monitoring/tasks: the history of what workers carried out."""

from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from services.analytics import monitoring_deps
from services.analytics.task_events.models import State
from services.analytics.task_runs.errors import InvalidWindow, TaskNotFound
from services.analytics.task_runs.models import RunFilter, TaskRun
from services.analytics.task_runs.repository import RunKey
from services.analytics.task_runs.schemas import TaskRunOut, TaskStatusOut, TaskStory, Window
from services.analytics.task_runs.service import TaskHistory
from shared.runtime.http.cursors import Key, Page, PageRequest, Paging
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb
from shared.runtime.operations.parameters import LaneFilter, NameFilter
from shared.runtime.operations.schemas import Moment

router = APIRouter(prefix="/tasks", tags=["monitoring"])

NOT_WELL: Final[tuple[State, ...]] = ("failed", "lost")
WindowQuery = Annotated[Window, Query(description="The time that ends now.")]
Text = Annotated[str | None, Query(max_length=200, description="Only runs with exactly this.")]


async def _history(request: Request, db: ReadDb) -> TaskHistory:
    return monitoring_deps.task_history(runtime_of(request), db)


History = Annotated[TaskHistory, Depends(_history)]


@may_answer(InvalidWindow)
async def _filter(
    history: History,
    name: NameFilter = None,
    lane: LaneFilter = None,
    worker: Text = None,
    correlation_id: Text = None,
    message_id: Annotated[UUID | None, Query(alias="id", description="Only this message's runs.")] = None,
    since: Annotated[Moment | None, Query(description="Finished at this moment or later.")] = None,
    until: Annotated[Moment | None, Query(description="Finished before this moment.")] = None,
) -> RunFilter:
    first, last = history.window(since, until)
    return RunFilter(first, last, name, None, worker, lane, message_id, correlation_id)


Filter = Annotated[RunFilter, Depends(_filter)]


@router.get("", name="list_task_runs", summary="Search the history of tasks")
async def list_task_runs(
    wanted: Filter,
    db: ReadDb,
    paging: Paging,
    state: Annotated[list[State] | None, Query(description="Only runs that ended so; may be repeated.")] = None,
) -> Page[TaskRunOut]:
    """The newest first, from the workers' events. Events can be lost: what a message has come to, its own page says."""
    return await _page(db, wanted.ending(state), paging)


@router.get("/failed", name="list_failed_tasks", summary="List what failed")
async def list_failed_tasks(wanted: Filter, db: ReadDb, paging: Paging) -> Page[TaskRunOut]:
    """Messages that became dead letters, and deliveries that were lost with their process; the newest first."""
    return await _page(db, wanted.ending(NOT_WELL), paging)


@router.get("/slow", name="list_slow_tasks", summary="List what took long")
async def list_slow_tasks(
    history: History,
    db: ReadDb,
    paging: Paging,
    window: WindowQuery = "1h",
    name: NameFilter = None,
    threshold_s: Annotated[float | None, Query(gt=0, le=86_400, description="As long, whatever the task.")] = None,
    percentile: Annotated[float, Query(ge=50, le=99.9, description="Without a threshold: as slow among its task's runs.")] = 99,
) -> Page[TaskRunOut]:
    """Runs over a threshold, or the slowest of each task; the newest first."""
    if threshold_s is not None:
        return await _page(db, history.slower_than(window, name, threshold_s), paging)
    rows = await history.slow(window, percentile / 100, name, before=_key(paging.after), limit=paging.fetch)
    return paging.page(rows, TaskRunOut, key=_key_of)


@router.get("/status", name="show_task_status", summary="Count tasks by what became of them")
async def show_task_status(history: History, window: WindowQuery = "1h", name: NameFilter = None) -> TaskStatusOut:
    """Each task's messages by their ends, with percentiles of how long they waited and ran."""
    return await history.status(window, name)


@router.get(
    "/{message_id:uuid}",
    name="show_task",
    summary="Tell a message's story",
    responses=problems(TaskNotFound),
)
async def show_task(
    request: Request, db: ReadDb, message_id: Annotated[UUID, Path(description="The message id, or an event's.")]
) -> TaskStory:
    """What the history heard of it, and what each service says of it now: its promise to send, its state, its deaths. A message
    that nobody knows is not found only when all services could be asked."""
    return await monitoring_deps.task_story(runtime_of(request), db, message_id)


async def _page(db: ReadDb, wanted: RunFilter, paging: PageRequest) -> Page[TaskRunOut]:
    rows = await monitoring_deps.task_runs(db).page(wanted, before=_key(paging.after), limit=paging.fetch)
    return paging.page(rows, TaskRunOut, key=_key_of)


def _key(after: Key | None) -> RunKey | None:
    return cast("RunKey | None", after)


def _key_of(run: TaskRun) -> Key:
    return (run.finished_at, run.id, run.delivery_id)
