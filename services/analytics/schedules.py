"""What the analytics service does by the clock."""

from shared.contracts.analytics import (
    AnalyzeUserBehavior,
    ArchiveOldRows,
    BackupCriticalData,
    CalculateKpis,
    CheckSystemHealth,
    CleanupDeadTasks,
    CleanupExpiredTokens,
    CleanupOldData,
    CollectPerformanceMetrics,
    EvaluateMonitoringAlerts,
    GenerateDailyReports,
    OptimizeSystem,
    RollUpEvents,
    RunRestoreDrill,
    SyncExternalData,
    TendEvents,
    UpdateDashboardMetrics,
    UpdateRealtimeMetrics,
)
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # Counts all that has changed since the last time, so the newest slot is enough after an outage.
    Entry(name="roll-up-events", crontab="* * * * *", message=RollUpEvents(), catch_up="last"),
    # The newest slot alone works out all that has changed.
    Entry(name="analyze-user-behavior", crontab="15 */6 * * *", message=AnalyzeUserBehavior(), catch_up="last"),
    # Works out all days that have changed, the one before the slot in any case.
    Entry(name="calculate-kpis", crontab="10 0 * * *", message=CalculateKpis(), catch_up="last"),
    # Every day has its report, those of an outage as well.
    Entry(name="generate-daily-reports", crontab="20 0 * * *", message=GenerateDailyReports(), catch_up="all"),
    # Looks at all days.
    Entry(name="tend-events", crontab="40 0 * * *", message=TendEvents(), catch_up="last"),
    # Forgets all that is over, however long ago.
    Entry(name="cleanup-expired-tokens", crontab="0 3 * * *", message=CleanupExpiredTokens(), catch_up="last"),
    # All that is old by then; each service does the same by its own clock, whether this one runs or not.
    Entry(name="cleanup-old-data", crontab="0 1 * * *", message=CleanupOldData(), catch_up="last"),
    # What was not looked at cannot be looked at later: of missed slots the newest is enough.
    Entry(name="check-system-health", crontab="*/2 * * * *", message=CheckSystemHealth(), catch_up="last"),
    Entry(name="update-realtime-metrics", crontab="*/2 * * * *", message=UpdateRealtimeMetrics(), catch_up="last"),
    # While anything is open, each evaluation asks for the next one by the minute.
    Entry(name="evaluate-monitoring-alerts", crontab="*/5 * * * *", message=EvaluateMonitoringAlerts(), catch_up="last"),
    Entry(name="collect-performance-metrics", crontab="*/5 * * * *", message=CollectPerformanceMetrics(), catch_up="last"),
    Entry(name="update-dashboard-metrics", crontab="*/5 * * * *", message=UpdateDashboardMetrics(), catch_up="last"),
    Entry(name="cleanup-dead-tasks", crontab="25 * * * *", message=CleanupDeadTasks(), catch_up="last"),
    # Of every source that is set up, what has changed since the last time. Without one it is dropped.
    Entry(name="sync-external-data", crontab="*/15 * * * *", message=SyncExternalData(), catch_up="last"),
    # Looks at what there is now, at an hour in which little is asked.
    Entry(name="optimize-system", crontab="10 4 * * *", message=OptimizeSystem(), catch_up="last"),
    # A backup shows the moment in which it is made: after an outage one is enough.
    Entry(name="backup-critical-data", crontab="10 */6 * * *", message=BackupCriticalData(), catch_up="last"),
    # So does a drill.
    Entry(name="run-restore-drill", crontab="40 3 * * sun", message=RunRestoreDrill(), catch_up="last"),
    # All that is old by then, however many nights were missed.
    Entry(name="archive-old-rows", crontab="30 1 * * *", message=ArchiveOldRows(), catch_up="last"),
)
