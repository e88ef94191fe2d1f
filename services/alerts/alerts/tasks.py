"""Alerts' e-mails by message."""

from collections.abc import Sequence

from services.alerts.deps import alert_emails
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task, task_many


@task(QueuePendingEmails)
async def queue_pending_emails(session: Session, _: Received[QueuePendingEmails]) -> None:
    """Ask for the e-mail of each alert that nobody has been told of, each once."""
    await alert_emails(session).request_pending()


@task_many(DeliveryFinished)
async def record_deliveries(session: Session, received: Sequence[Received[DeliveryFinished]]) -> None:
    """Write what became of alerts' e-mails to the alerts."""
    await alert_emails(session).record(one.message for one in received)
