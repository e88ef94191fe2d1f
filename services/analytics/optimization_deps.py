"""How the daily look at tables, indexes, partitions and caches is put together."""

from services.analytics import kpi_deps, monitoring_deps
from services.analytics.optimizations.optimizing import Optimizing
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import OptimizeSystem
from shared.runtime.process import ProcessRuntime


def optimizing(runtime: ProcessRuntime) -> OwnWork[OptimizeSystem]:
    """The effect of `analytics.optimize_system`."""
    database, settings = runtime.database, monitoring_deps.own_settings(runtime.settings)
    looking = Optimizing(
        database.unit_of_work,
        database.read,
        database.outside_transactions,
        monitoring_deps.watch(runtime).owners,
        kpi_deps.answers(runtime),
        runtime.clock,
        tends=settings.optimize_own_tables,
    )
    return OwnWork(lambda asked: looking.optimize(asked.slot or runtime.clock()), monitoring_deps.closing(runtime))
