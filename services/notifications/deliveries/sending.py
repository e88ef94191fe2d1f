"""Sending: what a worker does with every message that asks for one e-mail or one SMS.

A message goes out twice only where nobody can know whether the provider has taken it: the process dies between the answer and
the record of it, or the connection ends after the message and before the answer. Both e-mails carry the same Message-ID.
Whoever stalls and loses the lease records nothing.

What has been cancelled, and what a gate stops or holds back, is settled when its attempt is claimed. A batch starts calls for
20 s, so a cancellation is heeded if it is known that long before the call; where it comes later and the call fails, there is no
further one.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from services.notifications.cancellations.repository import Asked, CancellationReader, Covering
from services.notifications.deliveries.account_choice import (
    NOTHING_MET,
    AccountChoice,
    Chosen,
    is_urgent,
    max_retries,
    waited_of,
)
from services.notifications.deliveries.attempt_repository import AttemptReader, Met
from services.notifications.deliveries.channels import Attempt, Channel
from services.notifications.deliveries.decision import decide, wait
from services.notifications.deliveries.delivery_drop import words_for
from services.notifications.deliveries.delivery_record import DeliveryRecord, Recorded
from services.notifications.deliveries.letters import Addressee, Letter, Letters, RowFacts, delivery_row, field_of
from services.notifications.deliveries.outcomes import FINISHED, STALE, Cancelled, Reported, Stopped, of_obstacle, of_refusal
from services.notifications.deliveries.repository import (
    AttemptResult,
    ClaimedAttempt,
    DeliveryRepository,
    DeliveryRow,
    storable,
)
from services.notifications.deliveries.taken_repository import TakenRepository
from services.notifications.deliveries.text_repository import TextRepository
from services.notifications.gates.gate import Candidate, Gates
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.carriers import Carrier, Carriers
from services.notifications.providers.lookups import REPORTING
from services.notifications.providers.routing import of_unknown_fate
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import ChannelSend
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import NOT_REACHED, Done, Outcome, Retry, Skipped

M = TypeVar("M", bound=ChannelSend)
Out = TypeVar("Out")

DIGESTED: Final = "digested"
RATE_WAIT_S: Final = 2.0
"""How long a call waits for its place under the account's rate; who would wait longer goes back, and holds no connection."""


@dataclass(slots=True)
class Sending(Generic[Out]):
    """One attempt on its way. row: as it was claimed. result, answer: what came of the call; None until it has been made. others:
    whether another account could carry the message. claimed_at: monotonic."""

    attempt: Attempt
    row: DeliveryRow
    carrier: Carrier[Out]
    outgoing: Out
    others: bool
    result: AttemptResult | None = None
    answer: Answer | None = None
    claimed_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Gatekeepers:
    """before: look at whom a message goes to. after: look at what it says as well."""

    before: Gates
    after: Gates


class ChannelSending(Generic[M, Out]):
    """The effect of a message that asks for one delivery. One per message type and worker process, which it ends with."""

    def __init__(
        self,
        letters: Letters[M],
        channel: Channel[Out],
        carriers: Carriers[Out],
        gates: Gatekeepers,
        record: DeliveryRecord,
        clock: Clock,
    ) -> None:
        self._letters = letters
        self._channel = channel
        self._carriers = carriers
        self._accounts = AccountChoice(channel, carriers)
        self._gates = gates
        self._record = record
        self._clock = clock

    @property
    def concurrency(self) -> int:
        """As many as all accounts can carry at once."""
        return self._carriers.concurrency

    async def claim(self, session: Session, received: Sequence[Received[M]]) -> Sequence[Sending[Out] | Outcome]:
        """Commit an attempt of each, unless it is clear without a call what comes of it."""
        now = self._clock()
        past = await AttemptReader(session).past([one.id for one in received])
        # First of all, because what a provider has is sent, whatever would stop it now.
        taken = await TakenRepository(session).taken(list(past)) if past else {}
        # It may come back all the same: the report that says so waits for this.
        keeps = self._channel.comes_back
        works: dict[UUID, Sending[Out] | Outcome] = {key: Reported(taken=one, keeps_body=keeps) for key, one in taken.items()}
        cancelled = await CancellationReader(session).covering([_asked(one) for one in received])
        for one in received:
            obstacle = _cancelled(cancelled.get(one.id)) or _stale(one, now)
            if obstacle is not None and one.id not in works:
                works[one.id] = obstacle
        waiting = {one.id: one for one in received if one.id not in works}
        await self._carriers.read(
            session, {one.message.organization_id for one in waiting.values() if one.message.organization_id}
        )
        letters = await self._written(session, waiting, works, now)
        if letters:
            works |= await self._begin(session, waiting, letters, past, now)
        await self._settle(session, {key: one for key, one in waiting.items() if isinstance(works[key], Retry)}, now)
        return [works[one.id] for one in received]

    async def call(self, work: Sending[Out]) -> Outcome:
        """Send, unless a message before this one has closed the account, or time has run out while it waited for its turn."""
        attempt, started_at = work.attempt, self._clock()
        obstacle = await self._obstacle(work, started_at)
        if obstacle is not None:
            return obstacle
        if time.monotonic() - work.claimed_at > self._channel.latest_start_s(attempt):
            return NOT_REACHED
        outgoing = await self._channel.prepared(attempt, work.outgoing)
        if isinstance(outgoing, Outcome):
            return outgoing
        began = time.monotonic()
        answer = await self._channel.send(attempt, outgoing, work.carrier)
        took_s = answer.took_s if answer.took_s is not None else time.monotonic() - began
        if not answer.reached:
            # As for what its batch came too late for: no call was made, so the attempt is taken back and the account not judged.
            return NOT_REACHED
        work.answer = answer
        work.result = _result(work, answer, started_at, self._clock(), round(1000 * took_s))
        await self._carriers.report(work.carrier, answer, took_s)
        outcome = decide(
            answer,
            tries=attempt.tries,
            max_retries=attempt.max_retries,
            urgent=attempt.urgent,
            waited=attempt.waited,
            instead_of=work.carrier.name if work.others else None,
            is_resent=attempt.unknown_since is not None,
            soft_tries=attempt.soft_tries,
        )
        may_come_back = self._channel.comes_back and work.carrier.kind in REPORTING and isinstance(outcome, Done)
        return Done(keeps_body=True) if may_come_back else outcome

    async def record(self, session: Session, results: Sequence[tuple[Received[M], Sending[Out] | None, Outcome]]) -> None:
        """Write attempts and deliveries, and tell whoever asked for a delivery that it has ended or takes longer."""
        await self._record.write(session, [self._recorded(*result) for result in results], self._clock())

    async def close(self) -> None:
        await self._carriers.close()
        await self._channel.close()

    async def _written(
        self,
        session: Session,
        waiting: Mapping[UUID, Received[M]],
        works: dict[UUID, Sending[Out] | Outcome],
        now: datetime,
    ) -> Mapping[UUID, Letter]:
        """The letters of those that pass all gates. What comes of the others goes into `works`."""
        messages = {key: one.message for key, one in waiting.items()}
        found = await self._letters.addressees(session, messages) if messages else {}
        works |= {key: of_refusal(one) for key, one in found.items() if not isinstance(one, Addressee)}
        to = {key: one for key, one in found.items() if isinstance(one, Addressee)}
        works |= await self._checked(self._gates.before, session, [self._candidate(waiting[key], to[key]) for key in to], now)
        await self._keep_for_digests(session, {key: waiting[key] for key in to if _is_digested(works.get(key))}, to, now)
        open_ones = {key: messages[key] for key in to if key not in works}
        written = await self._letters.write(session, open_ones, to) if open_ones else {}
        works |= {key: of_refusal(one) for key, one in written.items() if not isinstance(one, Letter)}
        letters = {key: one for key, one in written.items() if isinstance(one, Letter)}
        if self._gates.after:
            candidates = [self._candidate(waiting[key], letter.to, letter.text) for key, letter in letters.items()]
            works |= await self._checked(self._gates.after, session, candidates, now)
        return {key: letter for key, letter in letters.items() if key not in works}

    async def _keep_for_digests(
        self, session: Session, digested: Mapping[UUID, Received[M]], to: Mapping[UUID, Addressee], now: datetime
    ) -> None:
        """Keep the subjects of what goes into its recipient's digest, which shows them."""
        if not digested:
            return
        written = await self._letters.write(session, {key: one.message for key, one in digested.items()}, to)
        letters = {key: one for key, one in written.items() if isinstance(one, Letter)}
        rows, deliveries = [self._row(digested[key], to[key], one) for key, one in letters.items()], DeliveryRepository(session)
        await deliveries.add(rows, now)
        # The delivery of a notice has been there since the notice came, before anything was written.
        await deliveries.entitle(rows)

    async def _settle(self, session: Session, held: Mapping[UUID, Received[M]], now: datetime) -> None:
        """Let what waits say what its template says now, whatever is published until its turn comes."""
        versions = await self._letters.settle(session, {key: one.message for key, one in held.items()}) if held else {}
        if versions:
            await DeliveryRepository(session).add([self._row(held[key], None, None) for key in sorted(versions)], now)
            await TextRepository(session).settle(versions)

    async def _checked(
        self, gates: Gates, session: Session, candidates: Sequence[Candidate], now: datetime
    ) -> Mapping[UUID, Outcome]:
        obstacles = await gates.check(session, candidates, now) if candidates else {}
        return {key: of_obstacle(obstacle, now) for key, obstacle in obstacles.items()}

    async def _begin(
        self,
        session: Session,
        waiting: Mapping[UUID, Received[M]],
        letters: Mapping[UUID, Letter],
        past: Mapping[UUID, Met],
        now: datetime,
    ) -> Mapping[UUID, Sending[Out] | Outcome]:
        found = await self._accounts.choose(session, waiting, letters, past, now)
        works: dict[UUID, Sending[Out] | Outcome] = {key: one for key, one in found.items() if not isinstance(one, Chosen)}
        chosen = {key: one for key, one in found.items() if isinstance(one, Chosen)}
        deliveries = DeliveryRepository(session)
        rows = {key: self._row(waiting[key], letters[key].to, letters[key]) for key in chosen}
        providers = [one.carrier.name for one in chosen.values()]
        claimed = await deliveries.claim(list(rows.values()), providers=providers, now=now) if rows else {}
        await self._letters.keep(session, {key: letters[key] for key in claimed})
        works |= {key: Skipped(FINISHED) for key in chosen if key not in claimed}
        attempts = {
            key: _attempt(waiting[key], letters[key], begun, past.get(key, NOTHING_MET), now) for key, begun in claimed.items()
        }
        outgoing = await self._channel.outgoing(session, [(attempts[key], chosen[key].carrier) for key in claimed])
        return works | {
            key: Sending(attempts[key], rows[key], chosen[key].carrier, outgoing[key], chosen[key].others) for key in claimed
        }

    async def _obstacle(self, work: Sending[Out], now: datetime) -> Outcome | None:
        """What ends a try before its call: the message is pointless by now, or the account takes none."""
        attempt, carrier = work.attempt, work.carrier
        if attempt.message.valid_until is not None and attempt.message.valid_until < now:
            return Skipped(STALE)
        standing = self._carriers.circuits.standing(carrier.key)
        if standing.closed_s > 0:
            # The next claim looks for another account; none waits here for long.
            for_s = 0.0 if work.others and attempt.urgent else standing.closed_s * random.uniform(1, 1.5)
            return wait(f"{carrier.name} takes no messages for now", "provider_closed", for_s, waited=attempt.waited)
        per_s, waited_s = await carrier.ceiling.per_s(), 0.0
        while (wait_s := await self._carriers.rates.wait_s(carrier.key, per_s, urgent=attempt.urgent)) > 0:
            waited_s += wait_s
            if waited_s > RATE_WAIT_S:
                return Retry(f"{carrier.name} has its full rate", wait_s, counts=False, error_class="rate")
            await asyncio.sleep(wait_s)
        return None

    def _recorded(self, one: Received[M], work: Sending[Out] | None, outcome: Outcome) -> Recorded:
        made = work is not None and work.result is not None
        return Recorded(
            row=work.row if work is not None else self._row(one, None, None),
            outcome=outcome,
            number=work.attempt.number if work is not None else None,
            result=work.result if work is not None else None,
            answer=work.answer if work is not None else None,
            provider=work.carrier.name if made and work is not None else None,
            segments=self._channel.segments(work.attempt.letter) if made and work is not None else None,
            estimate=self._channel.estimate(work.attempt.letter) if made and work is not None else None,
            account_of=work.carrier.organization_id if made and work is not None else None,
            awaits_report=made and work is not None and work.carrier.kind in REPORTING,
        )

    def _row(self, one: Received[M], to: Addressee | None, letter: Letter | None) -> DeliveryRow:
        facts = RowFacts(one.id, self._channel.name, self._channel.domain, one.occurred_at, one.attempt - 1)
        return delivery_row(facts, one.message, to, letter)

    def _candidate(self, one: Received[M], to: Addressee, text: str | None = None) -> Candidate:
        message = one.message
        return Candidate(
            id=one.id,
            organization_id=message.organization_id,
            channel=self._channel.name,
            to_person=to.reference,
            address=to.address,
            address_hash=to.address_hash,
            category=message.category,
            lane=one.lane,
            urgent=is_urgent(one),
            template_name=field_of(message, "template_name"),
            subject_key=storable(message.subject_key) if message.subject_key is not None else None,
            dedupe_key=storable(message.dedupe_key) if message.dedupe_key is not None else None,
            asked_at=one.occurred_at,
            time_zone=to.time_zone,
            locale=to.locale,
            text=text,
            first=one.attempt == 1,
            valid_until=message.valid_until,
        )


def _asked(one: Received[M]) -> Asked:
    key = one.message.subject_key
    return Asked(one.id, one.message.organization_id, storable(key) if key is not None else None, one.occurred_at)


def _cancelled(covering: Covering | None) -> Outcome | None:
    return Cancelled(words_for(covering), covering.cancelled_at) if covering is not None else None


def _is_digested(outcome: object) -> bool:
    return isinstance(outcome, Stopped) and outcome.code == DIGESTED


def _stale(one: Received[M], now: datetime) -> Outcome | None:
    is_stale = one.message.valid_until is not None and one.message.valid_until < now
    return Skipped(STALE) if is_stale else None


def _attempt(one: Received[M], letter: Letter, claimed: ClaimedAttempt, met: Met, now: datetime) -> Attempt:
    unknown = of_unknown_fate(met.attempts)
    return Attempt(
        delivery_id=one.id,
        number=claimed.number,
        message=one.message,
        letter=letter,
        message_id_header=claimed.message_id_header,
        unknown_since=unknown[0].began_at if unknown else None,
        soft_tries=sum(tried.verdict == Verdict.SOFT_RECIPIENT for tried in met.attempts),
        tries=one.attempt,
        max_retries=max_retries(one),
        urgent=is_urgent(one),
        bulk=one.lane == NOTIFICATIONS_BULK.name,
        asked_at=one.occurred_at,
        waited=waited_of(met, now),
        now=now,
    )


def _result(work: Sending[Out], answer: Answer, started_at: datetime, finished_at: datetime, latency_ms: int) -> AttemptResult:
    return AttemptResult(
        delivery_id=work.attempt.delivery_id,
        number=work.attempt.number,
        started_at=started_at,
        finished_at=finished_at,
        outcome=answer.verdict.value,
        code=answer.code,
        enhanced_code=answer.enhanced,
        detail=answer.detail,
        latency_ms=latency_ms,
        provider_message_id=answer.provider_message_id,
    )
