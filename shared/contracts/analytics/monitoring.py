"""What the analytics service does by the clock to know how the task system is doing."""

from typing import ClassVar, Final

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

# The next slot looks anew, so nothing is tried for long.
_SOON: Final = RetryPolicy(max_retries=3, base_s=5, cap_s=30)
_PATIENT: Final = RetryPolicy(max_retries=5, base_s=30, cap_s=600)


class CheckSystemHealth(Command):
    """Ask services, database, broker and collector how they are, and look at the breakers of outside providers.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.check_system_health", (lanes.ANALYTICS_CRITICAL,), _SOON, max_batch=1)

    slot: UtcDatetime | None = None


class UpdateRealtimeMetrics(Command):
    """Keep how the task system is doing at this moment.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.update_realtime_metrics", (lanes.ANALYTICS_REALTIME,), _SOON, max_batch=1)

    slot: UtcDatetime | None = None


class CollectPerformanceMetrics(Command):
    """Keep what waits in lanes, how fast it is worked off, and what workers and the broker take.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.collect_performance_metrics", (lanes.ANALYTICS_NORMAL,), _SOON, max_batch=1)

    slot: UtcDatetime | None = None


class UpdateDashboardMetrics(Command):
    """Make the last day at a glance anew.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.update_dashboard_metrics", (lanes.ANALYTICS_NORMAL,), _SOON, max_batch=1)

    slot: UtcDatetime | None = None


class CleanupDeadTasks(Command):
    """Drop task history whose time is over, and keys in the broker that nobody owns any more.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.cleanup_dead_tasks", (lanes.ANALYTICS_MAINTENANCE,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class EvaluateMonitoringAlerts(Command):
    """Hold what is seen of the task system against the rules: raise alerts, and end those whose reason is gone.

    slot: the scheduled moment; or, while anything is open, the minute for which the evaluation before has asked.
    """

    contract: ClassVar = Contract("analytics.evaluate_monitoring_alerts", (lanes.ANALYTICS_CRITICAL,), _SOON, max_batch=1)

    slot: UtcDatetime | None = None
