"""What a worker does when a drill is due."""

from services.analytics import backup_deps
from services.analytics.ledgered_run import LedgeredRun
from shared.contracts.analytics import RunRestoreDrill
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(RunRestoreDrill)
def run_restore_drill(runtime: ProcessRuntime) -> LedgeredRun[RunRestoreDrill]:
    """Restores the newest backup into a database of its own."""
    return LedgeredRun(
        lambda asked: (asked.drill_id, asked.requested_by),
        lambda session: backup_deps.drill_book(session, runtime.clock),
        lambda key: backup_deps.drilling(runtime).drill(key),
    )
