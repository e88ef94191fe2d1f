"""Holding caches against the database, when asked."""

from services.analytics import cache_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import SyncCache
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(SyncCache)
def sync_cache(runtime: ProcessRuntime) -> OwnWork[SyncCache]:
    """Refreshes cached answers, compares a sample, and mends what differs."""
    return cache_deps.cache_sync(runtime)
