"""How the hand on the task system is put together."""

from datetime import datetime

from services.analytics import monitoring_deps
from services.analytics.letters.service import Letters
from services.analytics.owners.acting import Acting
from services.analytics.task_control.service import TaskControl, TaskScheduling
from shared.runtime.db import Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import Publisher


def scheduling(session: Session, now: datetime, actor: str) -> TaskScheduling:
    """Publishes in the session's unit of work."""
    return TaskScheduling(Publisher(session), AuditLog(session, actor), now)


def control(runtime: HttpRuntime, actor: str) -> TaskControl:
    """Asks owners, in somebody's name."""
    return TaskControl(Acting(monitoring_deps.watch(runtime).owners, actor))


def letters(runtime: HttpRuntime, actor: str) -> Letters:
    """The dead letters of all services."""
    owners = monitoring_deps.watch(runtime).owners
    return Letters(owners, Acting(owners, actor))
