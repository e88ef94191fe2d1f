"""Tending sessions by message."""

from datetime import timedelta

from services.analytics import access_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import CleanupAbandonedSessions, CleanupExpiredTokens
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CleanupExpiredTokens)
def cleanup_expired_tokens(runtime: ProcessRuntime) -> OwnWork[CleanupExpiredTokens]:
    """Lets go of what has expired."""
    tending = access_deps.session_tending(runtime)
    return OwnWork(lambda asked: tending.expired(asked.slot))


@effect(CleanupAbandonedSessions)
def cleanup_abandoned_sessions(runtime: ProcessRuntime) -> OwnWork[CleanupAbandonedSessions]:
    """Ends what nobody goes on with."""
    tending = access_deps.session_tending(runtime)
    return OwnWork(lambda asked: tending.abandoned(asked.slot, timedelta(days=asked.unused_days)))
