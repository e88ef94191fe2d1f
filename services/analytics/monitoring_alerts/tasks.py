"""Evaluating alerts by the clock."""

from services.analytics import monitoring_alert_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import EvaluateMonitoringAlerts
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(EvaluateMonitoringAlerts)
def evaluate_monitoring_alerts(runtime: ProcessRuntime) -> OwnWork[EvaluateMonitoringAlerts]:
    """Raises what is wrong, ends what is over, and tells of both once."""
    return monitoring_alert_deps.evaluation(runtime)
