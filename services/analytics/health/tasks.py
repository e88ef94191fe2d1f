"""Checking health by the clock."""

from services.analytics import monitoring_task_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import CheckSystemHealth
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CheckSystemHealth)
def check_system_health(runtime: ProcessRuntime) -> OwnWork[CheckSystemHealth]:
    """Asks every part how it is, and notes since when."""
    return monitoring_task_deps.health_check(runtime)
