"""Sending e-mails: what a worker does with `notifications.send_email`.

An e-mail goes out twice only where nobody can know whether the server has taken it: the process dies between the answer
and the record of it, or the connection ends after the mail and before the answer. Both carry the same Message-ID. Whoever
stalls and loses the lease records nothing.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.deliveries.decision import decide, wait
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.repository import AttemptResult, DeliveryRepository, DeliveryResult, DeliveryRow
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import Content, Mailbox, compose, mailbox, single_line
from services.notifications.email.provider import Answer, EmailProvider, OutgoingEmail
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import DeliveryFinished, SendEmail
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped

_STALE: Final = "valid_until has passed"
_FINISHED: Final = "it was sent or dropped before"


@dataclass(slots=True)
class Sending:
    """One attempt. result: what came of the call; None until it has been made."""

    received: Received[SendEmail]
    number: int
    email: OutgoingEmail
    result: AttemptResult | None = None


class EmailSending:
    """The effect of `notifications.send_email`. One per worker process, which it ends with."""

    def __init__(self, provider: EmailProvider, sender: Mailbox, clock: Clock) -> None:
        self.concurrency = provider.concurrency
        self._provider = provider
        self._sender = sender
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[Received[SendEmail]]) -> Sequence[Sending | Outcome]:
        """Commit an attempt of each, unless it is clear without a call what comes of it."""
        now = self._clock()
        ready = [(one, self._check(one, now)) for one in received]
        rows = [
            delivery_row(one.id, one.message, self._sender.domain, one.attempt - 1)
            for one, to in ready
            if isinstance(to, Mailbox)
        ]
        claimed = await DeliveryRepository(session).claim(rows, provider=self._provider.name, now=now) if rows else {}
        works: list[Sending | Outcome] = []
        for one, to in ready:
            if not isinstance(to, Mailbox):
                works.append(to)
            elif one.id not in claimed:
                works.append(Skipped(_FINISHED))
            else:
                attempt = claimed[one.id]
                works.append(Sending(one, attempt.number, self._compose(one, to, attempt.message_id_header, now)))
        return works

    async def call(self, work: Sending) -> Outcome:
        """Send, unless a mail before this one has closed the provider, or time has run out while it waited for its turn."""
        one, started_at = work.received, self._clock()
        obstacle = self._obstacle(one, started_at)
        if obstacle is not None:
            return obstacle
        began = time.monotonic()
        answer = await self._provider.send(work.email)
        latency_ms = round(1000 * (time.monotonic() - began))
        work.result = _result(work, answer, started_at, self._clock(), latency_ms)
        return decide(answer, tries=one.attempt, urgent=one.lane == NOTIFICATIONS_URGENT.name, age=started_at - one.occurred_at)

    async def record(self, session: Session, results: Sequence[tuple[Received[SendEmail], Sending | None, Outcome]]) -> None:
        """Write attempts and deliveries, and tell whoever asked for a delivery that it has ended."""
        now = self._clock()
        deliveries = DeliveryRepository(session)
        without_call = [received for received, work, _ in results if work is None]
        if without_call:
            await deliveries.add([delivery_row(one.id, one.message, self._sender.domain, 0) for one in without_call], now)
            await deliveries.abandon([one.id for one in without_call], now)
        not_made = [(work.received.id, work.number) for _, work, _ in results if work is not None and work.result is None]
        if not_made:
            await deliveries.forget(not_made)
        made = [work.result for _, work, _ in results if work is not None and work.result is not None]
        standing = [_standing(received, outcome, now) for received, _, outcome in results]
        changed = await deliveries.finish(standing, made)
        for (received, _, _), result in zip(results, standing, strict=True):
            if result.id in changed and result.finished_at is not None:
                _tell_requester(session, received.message, result, result.finished_at)

    async def close(self) -> None:
        await self._provider.close()

    def _check(self, one: Received[SendEmail], now: datetime) -> Mailbox | Outcome:
        obstacle = self._obstacle(one, now)
        if obstacle is not None:
            return obstacle
        try:
            return mailbox(one.message.to_email, one.message.to_name)
        except AddressUnusable as error:
            return Failed(error.detail, reason="bad_recipient", error_class="bad_recipient")

    def _obstacle(self, one: Received[SendEmail], now: datetime) -> Outcome | None:
        """What ends a try before its call: the mail is pointless by now, or the provider takes none."""
        if one.message.valid_until is not None and one.message.valid_until < now:
            return Skipped(_STALE)
        closed_s = self._provider.closed_for_s()
        if closed_s > 0:
            # Spread out, or all that waited would come in the same moment.
            error = f"{self._provider.name} takes no mail for now"
            return wait(error, "provider_closed", closed_s * random.uniform(1, 1.5), age=now - one.occurred_at)
        return None

    def _compose(self, one: Received[SendEmail], to: Mailbox, message_id_header: str, now: datetime) -> OutgoingEmail:
        message = one.message
        content = compose(
            Content(message.subject, message.body, message.body_html),
            sender=self._sender,
            recipient=to,
            message_id=message_id_header,
            reference=str(one.id),
            date=now,
        )
        return OutgoingEmail(self._sender.address, to.address, content, to.international)


def delivery_row(delivery_id: UUID, message: SendEmail, domain: str, retries: int) -> DeliveryRow:
    """The delivery that a message asks for. domain: the sender's, for the Message-ID."""
    return DeliveryRow(
        id=delivery_id,
        organization_id=message.organization_id,
        to_address=message.to_email,
        subject=single_line(message.subject),
        requester=_storable(message.requester),
        subject_key=_storable(message.subject_key),
        message_id_header=f"<{delivery_id}@{domain}>",
        retries=retries,
    )


def _storable(text: str | None) -> str | None:
    # PostgreSQL's text cannot hold NUL; one message with it would fail the whole batch's statement.
    return text.replace("\x00", "") if text is not None else None


def _result(work: Sending, answer: Answer, started_at: datetime, finished_at: datetime, latency_ms: int) -> AttemptResult:
    return AttemptResult(
        delivery_id=work.received.id,
        number=work.number,
        started_at=started_at,
        finished_at=finished_at,
        outcome=answer.verdict.value,
        code=answer.code,
        enhanced_code=answer.enhanced,
        detail=answer.detail,
        latency_ms=latency_ms,
    )


def _standing(received: Received[SendEmail], outcome: Outcome, now: datetime) -> DeliveryResult:
    retries = received.attempt - 1
    match outcome:
        case Done():
            return DeliveryResult(received.id, DeliveryStatus.SENT, retries, now, None)
        case Skipped(reason):
            return DeliveryResult(received.id, DeliveryStatus.DROPPED, retries, now, reason)
        case Failed():
            return DeliveryResult(received.id, DeliveryStatus.FAILED, retries, now, outcome.error[:500])
        case Retry():
            return DeliveryResult(received.id, DeliveryStatus.QUEUED, retries, None, outcome.error[:500])


def _tell_requester(session: Session, message: SendEmail, result: DeliveryResult, finished_at: datetime) -> None:
    """Tell the service that asked, where it listens. Others would only throw the event away."""
    if message.requester is None:
        return
    service = message.requester.partition(".")[0]
    finished = DeliveryFinished.model_validate(
        {
            "delivery_id": result.id,
            "requester": message.requester,
            "status": result.status.value,
            "retries": result.retries,
            "finished_at": finished_at,
            "error": result.error,
        }
    )
    publish(session, finished, lanes=[lane for lane in finished.contract.lanes if lane.owner == service])
