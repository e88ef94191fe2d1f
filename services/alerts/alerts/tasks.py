"""The life cycle of alerts by message."""

from services.alerts.deps import wake
from shared.contracts.alerts import WakeAlerts
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(WakeAlerts)
async def wake_alerts(session: Session, received: Received[WakeAlerts]) -> None:
    """Open the snoozed alerts whose time has come."""
    await wake(session).run(received.id, received.message.as_of or received.occurred_at)
