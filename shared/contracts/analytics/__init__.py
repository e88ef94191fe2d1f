"""Messages that the analytics service owns.

access.py       who may come in, told to every service
events.py       counting events, and tending what is kept of them
reports.py      making reports
monitoring.py   what the service does by the clock to know how the task system is doing
sync.py         reading what systems outside know, and keeping caches to what the database says
upkeep.py       backups and trying them, archives, and the daily look at tables and indexes
"""

from shared.contracts.analytics.access import (
    ApiKeyChanged,
    CleanupAbandonedSessions,
    CleanupExpiredTokens,
    CleanupOldAuditLogs,
    NoteKeyUse,
    OrganizationChanged,
    Revocation,
    TokensRevoked,
)
from shared.contracts.analytics.events import AnalyzeUserBehavior, CalculateKpis, RebuildRollups, RollUpEvents, TendEvents
from shared.contracts.analytics.monitoring import (
    CheckSystemHealth,
    CleanupDeadTasks,
    CollectPerformanceMetrics,
    EvaluateMonitoringAlerts,
    UpdateDashboardMetrics,
    UpdateRealtimeMetrics,
)
from shared.contracts.analytics.reports import GenerateDailyReports, GenerateReport
from shared.contracts.analytics.sync import SyncCache, SyncExternalData
from shared.contracts.analytics.upkeep import ArchiveOldRows, BackupCriticalData, CleanupOldData, OptimizeSystem, RunRestoreDrill

__all__ = [
    "AnalyzeUserBehavior",
    "ApiKeyChanged",
    "ArchiveOldRows",
    "BackupCriticalData",
    "CalculateKpis",
    "CheckSystemHealth",
    "CleanupAbandonedSessions",
    "CleanupDeadTasks",
    "CleanupExpiredTokens",
    "CleanupOldAuditLogs",
    "CleanupOldData",
    "CollectPerformanceMetrics",
    "EvaluateMonitoringAlerts",
    "GenerateDailyReports",
    "GenerateReport",
    "NoteKeyUse",
    "OptimizeSystem",
    "OrganizationChanged",
    "RebuildRollups",
    "Revocation",
    "RollUpEvents",
    "RunRestoreDrill",
    "SyncCache",
    "SyncExternalData",
    "TendEvents",
    "TokensRevoked",
    "UpdateDashboardMetrics",
    "UpdateRealtimeMetrics",
]
