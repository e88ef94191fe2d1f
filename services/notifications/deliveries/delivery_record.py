"""Recording what came of attempts: the delivery, its timeline, who is told, and what is learned of the recipient."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from services.notifications.costs.price_collect import ASKED_AFTER
from services.notifications.costs.repository import CostRepository, Expected
from services.notifications.deliveries.delivery_counts import tell_ended
from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.deliveries.delivery_tell import tell_delayed, tell_finished
from services.notifications.deliveries.erased_repository import ErasedRepository
from services.notifications.deliveries.late_reports import LateReports
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.note_repository import NoteRepository
from services.notifications.deliveries.outcomes import Reported, Standing, note_of, result_of
from services.notifications.deliveries.repository import (
    AttemptResult,
    ChangedDelivery,
    DeliveryRepository,
    DeliveryResult,
    DeliveryRow,
)
from services.notifications.deliveries.taken_repository import TakenRepository
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.sms.price_models import Price
from shared.runtime.db import Session
from shared.runtime.outcomes import NOT_REACHED, Done, Failed, Outcome, Retry

_LEARNED = frozenset({Verdict.BAD_RECIPIENT, Verdict.OPTED_OUT, Verdict.COMPLAINED})


class Recorded(NamedTuple):
    """One message and what came of it.

    number: of the attempt; None where there was none. result, answer, provider: None where no call was made. account_of: whose
    own account made the call; None for one of the installation. awaits_report: that account tells what becomes of messages.
    estimate: what an SMS should cost, where that is known.
    """

    row: DeliveryRow
    outcome: Outcome
    number: int | None
    result: AttemptResult | None
    answer: Answer | None
    provider: str | None
    segments: int | None
    account_of: UUID | None = None
    awaits_report: bool = False
    estimate: Price | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a provider has said of a recipient. account_of: whose own account it is; None for one of the installation."""

    row: DeliveryRow
    verdict: Verdict
    provider: str
    account_of: UUID | None


class Lessons(Protocol):
    """Remembers what providers have said of recipients, for the next message."""

    async def learn(self, session: Session, lessons: Sequence[Lesson], now: datetime) -> None: ...


class DeliveryRecord:
    """Writes what came of a batch."""

    def __init__(self, lessons: Lessons) -> None:
        self._lessons = lessons

    async def write(self, session: Session, recorded: Sequence[Recorded], now: datetime) -> None:
        """Write it all in the session's unit of work."""
        deliveries = DeliveryRepository(session)
        taken = {one.row.id: one.outcome.taken for one in recorded if isinstance(one.outcome, Reported)}
        if taken:
            await TakenRepository(session).confirm(taken, now)
        without_call = [one for one in recorded if one.number is None]
        if without_call:
            await deliveries.add([one.row for one in without_call], now)
            await deliveries.abandon([one.row.id for one in without_call], now)
        not_made = [(one.row.id, one.number) for one in recorded if one.number is not None and one.result is None]
        if not_made:
            await deliveries.forget(not_made)
        standing = [result_of(_standing(one, now), one.outcome) for one in recorded]
        changed = await deliveries.finish(standing, [one.result for one in recorded if one.result is not None])
        costs = [cost for one in recorded if (cost := _expected(one)) is not None]
        if costs:
            await CostRepository(session).expect(costs, now + ASKED_AFTER)
        notes = [note for one in recorded if (note := note_of(one.row.id, one.outcome)) is not None]
        if notes:
            await NoteRepository(session).note(notes, now)
        # What was cancelled during the call need not wait for its retry.
        waiting = [result.id for result in standing if result.id in changed and result.finished_at is None]
        dropped = await DroppedDeliveries(session).drop_cancelled(waiting, now)
        given_up = [result.id for result in standing if result.id in changed and result.status is DeliveryStatus.FAILED]
        # These have not failed, and end when they come again.
        revived = await LateReports(session).revive(given_up)
        for one, result in zip(recorded, standing, strict=True):
            if result.id in changed and result.id not in dropped | revived and one.outcome is not NOT_REACHED:
                _tell(session, one, result, changed[result.id], now)
        ended = [
            (one.row.organization_id, one.row.channel, result.status)
            for one, result in zip(recorded, standing, strict=True)
            if result.finished_at is not None and result.id in changed and result.id not in revived
        ]
        tell_ended(session, ended, now)
        erased = await self._erased(session, recorded)
        lessons = [
            Lesson(_known(one.row, erased), one.answer.verdict, one.provider, one.account_of)
            for one in recorded
            if one.answer is not None and one.provider is not None and _teaches(one.answer, one.outcome)
        ]
        if lessons:
            await self._lessons.learn(session, lessons, now)

    async def _erased(self, session: Session, recorded: Sequence[Recorded]) -> Collection[UUID]:
        """Whose person was erased during the call; of those what the call has brought is forgotten, too.

        A mail that was taken leaves nothing that names anybody, so most batches ask nothing.
        """
        telling = [one.row.id for one in recorded if one.result is not None and _is_telling(one)]
        repository = ErasedRepository(session)
        erased = await repository.among(telling) if telling else set()
        if erased:
            await repository.forget(erased)
        return erased


def _is_telling(one: Recorded) -> bool:
    """Whether its end leaves more behind than that it was sent: an error, a dead letter, or an SMS that may come back."""
    return one.row.channel == "sms" or not isinstance(one.outcome, Done)


def _known(row: DeliveryRow, erased: Collection[UUID]) -> DeliveryRow:
    """The row as far as it may still be known: the hash of its address says which one it was."""
    return row._replace(to_address=None) if row.id in erased else row


def _teaches(answer: Answer, outcome: Outcome) -> bool:
    """Whether an answer says something of the recipient: one that asks for patience does so where no try is left, since servers
    that know us not yet ask everybody for it."""
    if answer.verdict is Verdict.SOFT_RECIPIENT:
        return isinstance(outcome, Failed)
    return answer.verdict in _LEARNED


def _standing(one: Recorded, now: datetime) -> Standing:
    if isinstance(one.outcome, Reported):
        # Who has reported this reports what becomes of it, too.
        taken = one.outcome.taken
        return Standing(one.row.id, one.row.retries, now, was_called=True, provider=taken.provider, awaits_report=True)
    was_called = one.result is not None
    return Standing(one.row.id, one.row.retries, now, was_called, one.provider, one.segments, one.awaits_report)


def _expected(one: Recorded) -> Expected | None:
    """What a provider that has taken an SMS is going to charge for."""
    if one.row.channel != "sms":
        return None
    if isinstance(one.outcome, Reported):
        return Expected.of(one.row.id, one.outcome.taken.number, None)
    if one.number is None or one.answer is None or one.answer.verdict is not Verdict.ACCEPTED:
        return None
    return Expected.of(one.row.id, one.number, one.estimate)


def _tell(session: Session, one: Recorded, result: DeliveryResult, changed: ChangedDelivery, now: datetime) -> None:
    requester, outcome = one.row.requester, one.outcome
    if result.finished_at is not None:
        tell_finished(session, requester, result, result.finished_at)
    # A server that is away for hours is met again and again, and is no news; a try that counts is, whatever it met.
    elif changed.error is not None and (changed.is_news or (isinstance(outcome, Retry) and outcome.counts)):
        tell_delayed(session, requester, result, changed.error, now)
