"""Alerts' e-mails by message."""

from collections.abc import Sequence

from services.alerts.deps import alert_emails
from shared.contracts.alerts import QueuePendingEmails, SendAlertEmail
from shared.contracts.notifications import DeliveryDelayed, DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task, task_many


@task(QueuePendingEmails)
async def queue_pending_emails(session: Session, _: Received[QueuePendingEmails]) -> None:
    """Ask for the e-mails about alerts that nobody has been told of, each once."""
    await alert_emails(session).request_pending()


@task(SendAlertEmail)
async def send_alert_email(session: Session, received: Received[SendAlertEmail]) -> None:
    """Tell the recipients of one alert now."""
    asked = received.message
    await alert_emails(session).send(asked.alert_id, requested_by=asked.requested_by or "system:message")


@task_many(DeliveryFinished)
async def record_deliveries(session: Session, received: Sequence[Received[DeliveryFinished]]) -> None:
    """Write what became of alerts' e-mails to the alerts."""
    await alert_emails(session).record(one.message for one in received)


@task_many(DeliveryDelayed)
async def record_delays(session: Session, received: Sequence[Received[DeliveryDelayed]]) -> None:
    """Write why alerts' e-mails are not sent yet to the alerts."""
    await alert_emails(session).note_delays(one.message for one in received)
