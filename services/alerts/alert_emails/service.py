"""The e-mails of alerts: asking notifications to send them, taking that back, and noting what it reports."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from services.alerts.alert_emails.content import DIGEST_TEMPLATE, LISTED, TEMPLATE, alert_context, digest_context
from services.alerts.alert_emails.errors import AlertResolved, AlertUnknown
from services.alerts.alert_emails.models import EmailDelay, EmailKind, EmailReport, Group, NewEmail, ShipmentNews
from services.alerts.alert_emails.outcome_repository import EmailOutcomeRepository
from services.alerts.alert_emails.repository import AlertEmailRepository
from services.alerts.alerts.models import Happening, TimelineEntry
from services.alerts.alerts.repository import TimelineRepository
from shared.contracts import lanes
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.lanes import Lane
from shared.contracts.notifications import CancelMessages, DeliveryDelayed, DeliveryFinished, SendTemplatedEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

ALERTS_PER_MESSAGE: Final = 10_000
RECIPIENTS_PER_MESSAGE: Final = 500
ITEMS_PER_MESSAGE: Final = 20_000
"""So much is decided in one transaction; the rest by a message that follows."""
PATIENCE_S: Final = 600.0
SYSTEM: Final = "system:emails"
_HAPPENINGS: Final[Mapping[str, Happening]] = {"sent": "email_sent", "failed": "email_failed", "dropped": "email_dropped"}
_REQUESTER: Final = "alerts.email:"
_OLDER_REQUESTER: Final = "alerts.alert:"


class AlertEmails:
    """notifications alone attempts and retries; an alert's `email_` columns mirror what it reports."""

    def __init__(
        self,
        repository: AlertEmailRepository,
        outcomes: EmailOutcomeRepository,
        timeline: TimelineRepository,
        publisher: Publisher,
    ) -> None:
        self._repository = repository
        self._outcomes = outcomes
        self._timeline = timeline
        self._publisher = publisher

    async def request_pending(self) -> int:
        """Ask for the e-mails about open alerts that nobody has been told of, each once; returns how many mails.

        A recipient with more shipments than the policies' `digest_above` gets one digest instead. Critical alerts are
        counted apart and take the urgent lane.
        """
        await self._repository.alone()
        left_over = await self._repository.anything_waits()
        expanded = await self._repository.expand(ALERTS_PER_MESSAGE, patience_s=PATIENCE_S)
        if expanded == ALERTS_PER_MESSAGE or (expanded and left_over):
            # All that waits for a recipient must be known before it is decided what becomes a digest. And who holds the alerts
            # that are new must not wait for those that an earlier message has left, or he meets a bulk action in a circle.
            self._publisher.publish(QueuePendingEmails())
            return 0
        groups = await self._repository.groups(recipients=RECIPIENTS_PER_MESSAGE, items=ITEMS_PER_MESSAGE)
        sent = await self._send_singly([group for group in groups if not group.wants_digest])
        for group in groups:
            if group.wants_digest:
                await self._send_digest(group)
                sent += 1
        if await self._repository.anything_waits():
            self._publisher.publish(QueuePendingEmails())
        return sent

    async def send(self, alert_id: UUID, *, requested_by: str) -> Sequence[UUID]:
        """Tell the recipients of one alert now, whatever became of the mails before; returns the mails' ids.

        Raises AlertUnknown and AlertResolved.
        """
        status = await self._repository.lock_alert(alert_id)
        if status is None:
            raise AlertUnknown("there is no such alert; GET /v1/alerts lists those that there are")
        if status == "resolved":
            raise AlertResolved("the alert is resolved, so there is nothing to tell any more; reopen it first")
        news = await self._repository.news_of_alert(alert_id)
        # What waits for a digest would tell the same once more.
        await self._outcomes.drop_waiting([alert_id])
        ids = await self._send(news, requested_by=requested_by)
        await self._repository.assign_by_hand(news, ids)
        return ids

    async def cancel(self, alert_ids: Sequence[UUID], reason: str) -> None:
        """Take back the unsent mails of resolved alerts; a digest only when it has nothing else to tell."""
        if not alert_ids:
            return
        await self._outcomes.drop_waiting(alert_ids)
        for subject_key, moment in await self._outcomes.cancel(alert_ids):
            self._publisher.publish(CancelMessages(subject_key=subject_key, reason=reason[:300], before=moment))

    async def record(self, reports: Iterable[DeliveryFinished]) -> None:
        """Mirror what became of mails. Reports of what others asked for, or of mails that are not there, change nothing."""
        newest: dict[UUID, EmailReport] = {}
        for report in sorted(reports, key=lambda one: one.finished_at):
            email_id = _email_of(report.requester)
            if email_id is not None and not (email_id in newest and newest[email_id].status == "sent"):
                newest[email_id] = _report(email_id, report)
        if not newest:
            return
        changed = await self._outcomes.report([newest[key] for key in sorted(newest)])
        await self._timeline.append(
            [
                TimelineEntry(one.alert_id, _HAPPENINGS[one.status], "service:notifications", one.error, one.email_id)
                for one in changed
            ]
        )

    async def note_delays(self, reports: Iterable[DeliveryDelayed]) -> None:
        """Mirror why mails are not sent yet."""
        newest: dict[UUID, EmailDelay] = {}
        for report in sorted(reports, key=lambda one: one.failed_at):
            email_id = _email_of(report.requester)
            if email_id is not None:
                newest[email_id] = EmailDelay(email_id, report.retries, report.error)
        if newest:
            await self._outcomes.note_delays([newest[key] for key in sorted(newest)])

    async def _send_singly(self, groups: Sequence[Group]) -> int:
        if not groups:
            return 0
        news = await self._repository.news(groups)
        if news:
            await self._repository.assign(news, await self._send(news, requested_by=SYSTEM))
        return len(news)

    async def _send(self, news: Sequence[ShipmentNews], *, requested_by: str) -> list[UUID]:
        emails = [_new_email(one.organization_id, one.recipient, "alert", requested_by) for one in news]
        await self._repository.add(emails)
        for email, one in zip(emails, news, strict=True):
            lane = lanes.NOTIFICATIONS_URGENT if one.severity == "critical" else lanes.NOTIFICATIONS_NORMAL
            self._publish(email, TEMPLATE, alert_context(one), lane, _retry(one.retries, one.interval_s))
        entries = [
            TimelineEntry(alert_id, "email_requested", requested_by, None, email.id)
            for email, one in zip(emails, news, strict=True)
            for alert_id in one.alert_ids
        ]
        await self._timeline.append(entries)
        return [email.id for email in emails]

    async def _send_digest(self, group: Group) -> None:
        news = await self._repository.digest(group, listed=LISTED)
        email = _new_email(group.organization_id, group.recipient, "digest", SYSTEM)
        await self._repository.add([email])
        lane = lanes.NOTIFICATIONS_URGENT if group.critical else lanes.NOTIFICATIONS_BULK
        self._publish(email, DIGEST_TEMPLATE, digest_context(news), lane, _retry(group.retries, group.interval_s))
        alert_ids = await self._repository.assign_digest(group, email.id)
        await self._timeline.append(
            [TimelineEntry(alert_id, "email_requested", SYSTEM, "in a digest", email.id) for alert_id in sorted(alert_ids)]
        )

    def _publish(self, email: NewEmail, template: str, context: dict[str, JsonValue], lane: Lane, retry: RetryPolicy) -> None:
        message = SendTemplatedEmail(
            to_email=email.recipient,
            template_name=template,
            context=context,
            organization_id=email.organization_id,
            requester=email.subject_key,
            subject_key=email.subject_key,
            retry=retry,
        )
        self._publisher.publish(message, lane=lane, message_id=email.id)


def _new_email(organization_id: UUID, recipient: str, kind: EmailKind, requested_by: str) -> NewEmail:
    # A key of its own for each mail: taking one back never takes another one that is about the same alert.
    email_id = uuid7()
    return NewEmail(email_id, organization_id, recipient, kind, f"{_REQUESTER}{email_id}", requested_by)


def _retry(retries: int, interval_s: int) -> RetryPolicy:
    """Evenly spaced, as the customs desks know it."""
    return RetryPolicy(max_retries=retries, base_s=interval_s, factor=1, cap_s=interval_s, jitter=False)


def _email_of(requester: str) -> UUID | None:
    # Mails that were asked for before digests came are named by their alert, whose id they carry.
    for prefix in (_REQUESTER, _OLDER_REQUESTER):
        if requester.startswith(prefix):
            try:
                return UUID(requester.removeprefix(prefix))
            except ValueError:
                return None
    return None


def _report(email_id: UUID, report: DeliveryFinished) -> EmailReport:
    sent = report.status == "sent"
    error = None if sent else report.error or f"the delivery was {report.status} without a reason"
    return EmailReport(email_id, report.status, report.finished_at, report.retries, error)
