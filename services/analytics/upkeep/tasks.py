"""Cleaning up by the clock."""

from services.analytics import monitoring_task_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import CleanupDeadTasks
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CleanupDeadTasks)
def cleanup_dead_tasks(runtime: ProcessRuntime) -> OwnWork[CleanupDeadTasks]:
    """Drops old history, and keys in the broker that nobody owns any more."""
    return monitoring_task_deps.dead_tasks(runtime)
