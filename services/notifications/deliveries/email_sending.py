"""Sending e-mails: what a worker does with `notifications.send_email` and `notifications.send_templated_email`.

An e-mail goes out twice only where nobody can know whether the server has taken it: the process dies between the answer
and the record of it, or the connection ends after the mail and before the answer. Both carry the same Message-ID. Whoever
stalls and loses the lease records nothing.

What has been cancelled is dropped at the claim of its attempt. A batch starts calls for 20 s, so a cancellation is heeded if
it is known that long before the call; where it comes later and the call fails, there is no further one.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from services.notifications.cancellations.repository import Asked, CancellationReader, Covering
from services.notifications.deliveries.decision import decide, wait
from services.notifications.deliveries.delivery_drop import DroppedDeliveries, words_for
from services.notifications.deliveries.delivery_tell import tell_delayed, tell_finished
from services.notifications.deliveries.errors import RecipientUnknown
from services.notifications.deliveries.letters import AnyEmail, Letter, Letters, Written, delivery_row
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.repository import (
    AttemptResult,
    ChangedDelivery,
    DeliveryRepository,
    DeliveryResult,
    DeliveryRow,
    storable,
)
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import Mailbox, compose
from services.notifications.email.provider import Answer, EmailProvider, OutgoingEmail
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.errors import Transient
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import NOT_REACHED, Done, Failed, Outcome, Retry, Skipped

M = TypeVar("M", bound=AnyEmail)
_STALE: Final = "valid_until has passed"
_FINISHED: Final = "it was sent or dropped before"


@dataclass(slots=True)
class Sending:
    """One attempt. result: what came of the call; None until it has been made."""

    received: Received[Any]
    number: int
    email: OutgoingEmail
    result: AttemptResult | None = None


@dataclass(frozen=True, slots=True)
class Cancelled(Skipped):
    """Pointless because it was cancelled, and when."""

    cancelled_at: datetime


class EmailSending(Generic[M]):
    """The effect of a message that asks for an e-mail. One per message type and worker process, which it ends with."""

    def __init__(self, letters: Letters[M], provider: EmailProvider, sender: Mailbox, clock: Clock) -> None:
        self.concurrency = provider.concurrency
        self._letters = letters
        self._provider = provider
        self._sender = sender
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[Received[M]]) -> Sequence[Sending | Outcome]:
        """Commit an attempt of each, unless it is clear without a call what comes of it."""
        now = self._clock()
        works: dict[UUID, Sending | Outcome] = {}
        cancelled = await CancellationReader(session).covering([_asked(one) for one in received])
        for one in received:
            obstacle = _cancelled(cancelled.get(one.id)) or self._obstacle(one, now)
            if obstacle is not None:
                works[one.id] = obstacle
        open_ones = {one.id: one for one in received if one.id not in works}
        written = await self._letters.write(session, {key: one.message for key, one in open_ones.items()}) if open_ones else {}
        works |= {key: _outcome(letter) for key, letter in written.items() if not isinstance(letter, Letter)}
        letters = {key: letter for key, letter in written.items() if isinstance(letter, Letter)}
        works |= await self._begin(session, [(open_ones[key], letter) for key, letter in letters.items()], now)
        return [works[one.id] for one in received]

    async def _begin(
        self, session: Session, letters: Sequence[tuple[Received[M], Letter]], now: datetime
    ) -> Mapping[UUID, Sending | Outcome]:
        if not letters:
            return {}
        rows = [self._row(one, letter) for one, letter in letters]
        claimed = await DeliveryRepository(session).claim(rows, provider=self._provider.name, now=now)
        await self._letters.keep(session, {one.id: letter for one, letter in letters if one.id in claimed})
        works: dict[UUID, Sending | Outcome] = {one.id: Skipped(_FINISHED) for one, _ in letters}
        for one, letter in letters:
            if one.id in claimed:
                attempt = claimed[one.id]
                works[one.id] = Sending(one, attempt.number, self._compose(one, letter, attempt.message_id_header, now))
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

    async def record(self, session: Session, results: Sequence[tuple[Received[M], Sending | None, Outcome]]) -> None:
        """Write attempts and deliveries, and tell whoever asked for a delivery that it has ended or takes longer."""
        now = self._clock()
        deliveries = DeliveryRepository(session)
        without_call = [received for received, work, _ in results if work is None]
        if without_call:
            await deliveries.add([self._row(one, None) for one in without_call], now)
            await deliveries.abandon([one.id for one in without_call], now)
        not_made = [(work.received.id, work.number) for _, work, _ in results if work is not None and work.result is None]
        if not_made:
            await deliveries.forget(not_made)
        made = [work.result for _, work, _ in results if work is not None and work.result is not None]
        standing = [_standing(received, work, outcome, now) for received, work, outcome in results]
        changed = await deliveries.finish(standing, made)
        # What was cancelled during the call need not wait for its retry.
        waiting = [result.id for result in standing if result.id in changed and result.finished_at is None]
        dropped = await DroppedDeliveries(session).drop_cancelled(waiting, now)
        for (received, _, outcome), result in zip(results, standing, strict=True):
            if result.id in changed and result.id not in dropped and outcome is not NOT_REACHED:
                _tell(session, received.message.requester, outcome, result, changed[result.id], now)

    async def close(self) -> None:
        await self._provider.close()

    def _row(self, one: Received[M], letter: Letter | None) -> DeliveryRow:
        asked_at, retries = one.occurred_at, one.attempt - 1
        return delivery_row(one.id, one.message, letter, self._sender.domain, asked_at=asked_at, retries=retries)

    def _obstacle(self, one: Received[M], now: datetime) -> Outcome | None:
        """What ends a try before its call: the mail is pointless by now, or the provider takes none."""
        if one.message.valid_until is not None and one.message.valid_until < now:
            return Skipped(_STALE)
        closed_s = self._provider.closed_for_s()
        if closed_s > 0:
            # Spread out, or all that waited would come in the same moment.
            error = f"{self._provider.name} takes no mail for now"
            return wait(error, "provider_closed", closed_s * random.uniform(1, 1.5), age=now - one.occurred_at)
        return None

    def _compose(self, one: Received[M], letter: Letter, message_id_header: str, now: datetime) -> OutgoingEmail:
        to = letter.to
        content = compose(
            letter.content, sender=self._sender, recipient=to, message_id=message_id_header, reference=str(one.id), date=now
        )
        return OutgoingEmail(self._sender.address, to.address, content, to.international)


def _asked(one: Received[M]) -> Asked:
    key = one.message.subject_key
    return Asked(one.id, one.message.organization_id, storable(key) if key is not None else None, one.occurred_at)


def _cancelled(covering: Covering | None) -> Outcome | None:
    return Cancelled(words_for(covering), covering.cancelled_at) if covering is not None else None


def _outcome(written: Written) -> Outcome:
    """What follows where no letter could be written."""
    assert not isinstance(written, Letter), "a letter is sent"
    if isinstance(written, Transient):
        return Retry(written.detail, counts=False, error_class=written.code)
    reason = "bad_recipient" if isinstance(written, AddressUnusable | RecipientUnknown) else "bad_content"
    return Failed(written.detail, reason=reason, error_class=reason)


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


def _tell(
    session: Session, requester: str | None, outcome: Outcome, result: DeliveryResult, changed: ChangedDelivery, now: datetime
) -> None:
    if result.finished_at is not None:
        tell_finished(session, requester, result, result.finished_at)
    # A server that is away for hours is met again and again, and is no news; a try that counts is, whatever it met.
    elif changed.error is not None and (changed.is_news or (isinstance(outcome, Retry) and outcome.counts)):
        tell_delayed(session, requester, result, changed.error, now)


def _standing(received: Received[M], work: Sending | None, outcome: Outcome, now: datetime) -> DeliveryResult:
    retries = received.attempt - 1
    match outcome:
        case Done():
            return DeliveryResult(received.id, DeliveryStatus.SENT, retries, now, None)
        case Cancelled(reason, cancelled_at):
            return DeliveryResult(received.id, DeliveryStatus.DROPPED, retries, now, reason, cancelled_at)
        case Skipped(reason):
            return DeliveryResult(received.id, DeliveryStatus.DROPPED, retries, now, reason)
        case Failed():
            return DeliveryResult(received.id, DeliveryStatus.FAILED, retries, now, outcome.error[:500])
        case Retry():
            was_called = work is not None and work.result is not None
            # What the batch did not reach takes its turn at once, and has no error of its own.
            error = outcome.error[:500] if outcome is not NOT_REACHED else None
            return DeliveryResult(received.id, DeliveryStatus.QUEUED, retries, None, error, was_called=was_called)
