"""Figures that are kept by the clock."""

from services.analytics import monitoring_task_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import CollectPerformanceMetrics, UpdateDashboardMetrics, UpdateRealtimeMetrics
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(UpdateRealtimeMetrics)
def update_realtime_metrics(runtime: ProcessRuntime) -> OwnWork[UpdateRealtimeMetrics]:
    """Keeps how the task system is doing."""
    return monitoring_task_deps.realtime_metrics(runtime)


@effect(CollectPerformanceMetrics)
def collect_performance_metrics(runtime: ProcessRuntime) -> OwnWork[CollectPerformanceMetrics]:
    """Keeps what lanes, workers and the broker do and take."""
    return monitoring_task_deps.performance_metrics(runtime)


@effect(UpdateDashboardMetrics)
def update_dashboard_metrics(runtime: ProcessRuntime) -> OwnWork[UpdateDashboardMetrics]:
    """Makes the last day at a glance anew."""
    return monitoring_task_deps.dashboard_metrics(runtime)
