"""What a worker does when a backup is due."""

from services.analytics import backup_deps
from services.analytics.ledgered_run import LedgeredRun
from shared.contracts.analytics import BackupCriticalData
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(BackupCriticalData)
def backup_critical_data(runtime: ProcessRuntime) -> LedgeredRun[BackupCriticalData]:
    """Dumps every schema as of one moment."""
    return LedgeredRun(
        lambda asked: (asked.backup_id, asked.requested_by),
        lambda session: backup_deps.backup_book(session, runtime.clock),
        lambda key: backup_deps.making(runtime).make(key),
    )
