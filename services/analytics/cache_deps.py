"""How holding caches against the database is put together."""

from services.analytics import kpi_deps
from services.analytics.cached_answers.checking import CacheCheck
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import SyncCache
from shared.runtime.process import ProcessRuntime


def cache_check(runtime: ProcessRuntime) -> CacheCheck:
    """Looks at the caches."""
    database, clock = runtime.database, runtime.clock
    return CacheCheck(
        database.unit_of_work,
        database.read,
        lambda session: kpi_deps.kpis(session, clock),
        kpi_deps.answers(runtime),
        runtime.redis,
        clock,
    )


def cache_sync(runtime: ProcessRuntime) -> OwnWork[SyncCache]:
    """The effect of `analytics.sync_cache`."""
    check = cache_check(runtime)
    return OwnWork(lambda asked: check.check(asked.slot or runtime.clock(), asked.sample))
