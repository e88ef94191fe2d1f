"""Looking at tables, indexes, partitions and caches by the clock."""

from services.analytics import optimization_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import OptimizeSystem
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(OptimizeSystem)
def optimize_system(runtime: ProcessRuntime) -> OwnWork[OptimizeSystem]:
    """Advises on all schemas, and tends its own."""
    return optimization_deps.optimizing(runtime)
