"""Counting by message."""

from collections.abc import Sequence

from services.analytics import event_deps
from services.analytics.deps import alert_counting
from shared.contracts.alerts import AlertsRaised
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(AlertsRaised)
async def count_raised_alerts(session: Session, received: Sequence[Received[AlertsRaised]]) -> None:
    """Add what evaluation runs have raised to the counts, and to the events."""
    await alert_counting(session).count(one.message for one in received)
    await event_deps.business_events(session).record(received)
