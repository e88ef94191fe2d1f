"""The e-mails of alerts: asking notifications to send them, and noting what it reports."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from services.alerts.alerts.email_text import body_of, subject_of
from services.alerts.alerts.models import EmailOutcome, PendingEmail
from services.alerts.alerts.repository import AlertRepository
from shared.contracts import lanes
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import DeliveryFinished, SendEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.ids import NAMESPACE
from shared.runtime.outbox import Publisher

EMAILS_PER_MESSAGE: Final = 1000
"""So many alerts are asked for in one transaction; the rest by a message that follows."""
RETRY: Final = RetryPolicy(max_retries=3, base_s=300, factor=1, cap_s=300, jitter=False)
"""Three more tries, five minutes apart, as the customs desks know it."""
_REQUESTER: Final = "alerts.alert:"


class AlertEmails:
    """notifications alone attempts and retries; an alert's `email_` columns mirror what it reports."""

    def __init__(self, repository: AlertRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def request_pending(self) -> int:
        """Ask for the e-mail of each open alert that nobody has been told of; returns how many."""
        pending = await self._repository.request_emails(EMAILS_PER_MESSAGE)
        for email in pending:
            self._request(email)
        if len(pending) == EMAILS_PER_MESSAGE:
            self._publisher.publish(QueuePendingEmails())
        return len(pending)

    def _request(self, email: PendingEmail) -> None:
        reference = f"{_REQUESTER}{email.alert_id}"
        message = SendEmail(
            to_email=email.recipient_email,
            subject=subject_of(email),
            body=body_of(email),
            organization_id=email.organization_id,
            requester=reference,
            subject_key=reference,
            retry=RETRY,
        )
        lane = lanes.NOTIFICATIONS_URGENT if email.severity == "critical" else None
        self._publisher.publish(message, lane=lane, message_id=email_message_id(email.alert_id))

    async def record(self, reports: Iterable[DeliveryFinished]) -> None:
        """Mirror what became of deliveries. Reports of what others asked for, or of alerts that are not there, change nothing."""
        newest: dict[UUID, EmailOutcome] = {}
        for report in sorted(reports, key=lambda one: one.finished_at):
            alert_id = _alert_of(report.requester)
            if alert_id is not None and not (alert_id in newest and newest[alert_id].sent):
                newest[alert_id] = _outcome(alert_id, report)
        if newest:
            await self._repository.record_emails(list(newest.values()))


def email_message_id(alert_id: UUID) -> UUID:
    """The id of the message that asks for an alert's e-mail: the same one however often it is asked for."""
    return uuid5(NAMESPACE, f"alerts/email/{alert_id}")


def _alert_of(requester: str) -> UUID | None:
    if not requester.startswith(_REQUESTER):
        return None
    try:
        return UUID(requester.removeprefix(_REQUESTER))
    except ValueError:
        return None


def _outcome(alert_id: UUID, report: DeliveryFinished) -> EmailOutcome:
    sent = report.status == "sent"
    error = None if sent else report.error or f"the delivery was {report.status} without a reason"
    return EmailOutcome(alert_id, sent, report.finished_at, report.retries, error)
