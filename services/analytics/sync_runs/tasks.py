"""Reading sources outside, by the clock and when asked."""

from services.analytics import sync_deps
from services.analytics.sync_runs.by_message import SyncRuns
from shared.contracts.analytics import SyncExternalData
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(SyncExternalData)
def sync_external_data(runtime: ProcessRuntime) -> SyncRuns:
    """Reads what is new at a source, and hands it on."""
    return sync_deps.sync_runs(runtime)
