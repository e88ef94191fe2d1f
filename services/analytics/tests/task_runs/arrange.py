"""History as the tests of reading it need it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.analytics.task_events.intake import Intake, stats_by_hour
from services.analytics.task_events.repository import CollectorRepository
from services.analytics.tests.task_events.events import batch
from shared.runtime.clock import Clock
from shared.runtime.db import Session


async def write(session: Session, clock: Clock, *events: dict[str, Any]) -> list[UUID]:
    """Write what these events tell, as the collector does; returns the messages' ids in order."""
    intake = Intake(clock)
    intake.take(events)
    taken, repository, now = intake.empty(), CollectorRepository(session), clock()
    await repository.hold("test", 15, now)
    await repository.make_days((now - timedelta(days=8)).date(), (now + timedelta(days=1)).date())
    await repository.copy(taken.runs)
    await repository.add(60, taken.stats)
    await repository.add(3600, stats_by_hour(taken.stats))
    await repository.put_workers(taken.changed.values())
    return [run[1] for run in taken.runs]


def mail(at: datetime, *outcomes: str, **fields: Any) -> dict[str, Any]:
    """A delivery of another task, by another worker."""
    usual = {"name": "notifications.send_email", "lane": "notifications.normal", "hostname": "notifications@two"}
    return batch(at, *outcomes, **usual | fields)
