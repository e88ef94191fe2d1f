"""Letting go of old lines by message."""

from datetime import timedelta

from services.analytics import access_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import CleanupOldAuditLogs
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CleanupOldAuditLogs)
def cleanup_old_audit_logs(runtime: ProcessRuntime) -> OwnWork[CleanupOldAuditLogs]:
    """Signs a checkpoint first."""

    async def let_go(asked: CleanupOldAuditLogs) -> None:
        before = (asked.slot or runtime.clock()) - timedelta(days=asked.keep_days)
        await access_deps.let_go_of_audit(runtime, before)

    return OwnWork(let_go)
