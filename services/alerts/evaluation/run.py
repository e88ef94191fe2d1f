"""Carrying out a run over all shipments: chunk by chunk, each committed alone, so that a crash costs one chunk's work.

A run is taken up in slices of two seconds. Between them its message goes back to its lane, which costs no try, so that an
evaluation of one shipment waits for a slice and not for a run of a million. What is left of a run is what is due, and a chunk
takes what it has evaluated away from that: after a crash the next slice goes on exactly as after a pause. Once the chunks are
large, two at a time are under way, because a chunk is the work of one core of the database.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.alerts.evaluation.models import Chunk, Position, Standing
from services.alerts.evaluation.repository import BEGINNING, EvaluationRepository
from services.alerts.evaluation.run_repository import RunRepository
from services.alerts.evaluation.schemas import RunSummary
from services.alerts.evaluation.service import day_of
from shared.contracts.alerts import AlertsRaised, EvaluateShipments, QueuePendingEmails
from shared.runtime.clock import Clock
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.failpoints import failpoint
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import Publisher
from shared.runtime.outcomes import Done, Failed, Outcome, Retry

FIRST_CHUNK: Final = 100
LARGEST_CHUNK: Final = 10_000
SLICE_S: Final = 2.0
STREAMS: Final = 2
AGAIN_S: Final = 1.0
"""How long a run waits for what others hold: an import under way, or another run."""
PATIENCE_S: Final = 600.0
"""How long a run for an earlier day may stand still before the later ones do not wait for it any more. Longer than the lease of a
process that was killed over it."""
_ORGANIZATIONS: Final = 300


@dataclass(frozen=True, slots=True)
class Run:
    """A run that a worker has taken up."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """A chunk is done. position: where the next one begins; None for the beginning. grown: whether chunks get no larger."""

    position: Position | None
    grown: bool


class EvaluationRuns:
    """The effect of `alerts.evaluate_shipments`. unit_of_work: opens a transaction, one for each chunk."""

    concurrency = 1

    def __init__(self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[Received[EvaluateShipments]]) -> Sequence[Run | Outcome]:
        """Write that the run is taken up. Raises DayNotEvaluable for a day that had not begun when the run was asked for."""
        runs = RunRepository(session)
        for one in received:
            day = day_of(one.message.as_of, one.occurred_at)
            await runs.request(one.id, day, trigger="message", requested_by="system:schedule")
            await runs.begin(one.id)
        return [Run(one.id) for one in received]

    async def call(self, work: Run) -> Outcome:
        """Carry the run on for a slice; done with its counts when nothing is due any more."""
        until = time.monotonic() + SLICE_S
        outcome = await self._stream(work.id, until, alone=True)
        if outcome is not None:
            return outcome
        outcomes = [one for one in await asyncio.gather(*(self._stream(work.id, until) for _ in range(STREAMS))) if one]
        return next((one for one in outcomes if isinstance(one, Done)), outcomes[0])

    async def record(self, session: Session, results: Sequence[tuple[Received[EvaluateShipments], Run | None, Outcome]]) -> None:
        """What a run did is in the ledger already; only that it was given up is not."""
        for received, _, outcome in results:
            if isinstance(outcome, Failed):
                await RunRepository(session).give_up(received.id, outcome.error)

    async def close(self) -> None:
        """It keeps nothing open."""

    async def _stream(self, run_id: UUID, until: float, *, alone: bool = False) -> Outcome | None:
        """One chunk after the other, beside other streams: what one holds, the others leave to it.

        alone: end with None once the chunks have grown, and others are worth their while.
        """
        step = Step(None, grown=False)
        try:
            while time.monotonic() < until:
                async with self._unit_of_work() as session:
                    following = await self._chunks(run_id, session).next(step.position)
                    failpoint("evaluation.before_commit")
                failpoint("evaluation.committed")
                if not isinstance(following, Step):
                    return following
                if alone and following.grown:
                    return None
                step = following
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not carry out a chunk: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Retry("the run goes on", counts=False, error_class="Slice")

    def _chunks(self, run_id: UUID, session: Session) -> "_Chunks":
        today = self._clock().date()
        return _Chunks(run_id, today, RunRepository(session), EvaluationRepository(session), Publisher(session))


class _Chunks:
    """The next chunk of a run, in one transaction."""

    def __init__(
        self, run_id: UUID, today: date, runs: RunRepository, evaluations: EvaluationRepository, publisher: Publisher
    ) -> None:
        self._run_id = run_id
        self._today = today
        self._runs = runs
        self._evaluations = evaluations
        self._publisher = publisher

    async def next(self, position: Position | None) -> Step | Outcome:
        """Evaluate what is due behind `position`, or from the beginning on. Returns an outcome when there is nothing more for
        this stream."""
        standing = await self._runs.standing(self._run_id)
        if standing.finished:
            return _done(self._run_id, standing)
        if standing.chunks == 0:
            if await self._runs.is_earlier_under_way(standing.as_of, patience_s=PATIENCE_S):
                # Days that are caught up are evaluated in their order: a later one would pass over the steps of those before.
                return Retry("a run for an earlier day goes on", after_s=AGAIN_S, counts=False, error_class="EarlierRun")
            await self._evaluations.apply_policies(standing.as_of)
        # Small ones first, so that the common run of few shipments stays short, and growing, so that a large one does, too.
        size = min(FIRST_CHUNK << min(standing.chunks, 20), LARGEST_CHUNK)
        chunk = await self._evaluations.evaluate_chunk(self._run_id, standing.as_of, position or BEGINNING, size)
        if chunk is None:
            return Step(None, grown=False) if position is not None else await self._end(standing.as_of)
        if chunk.shipments > 0:
            self._tell(standing.as_of, await self._runs.progress(self._run_id, chunk), chunk)
        elif position is None:
            return _in_other_hands()
        # The stretch that is done may still lie in the index under dead entries, so the next chunk starts behind it; after the
        # last one, from the beginning again, for what others held meanwhile.
        return Step(chunk.reached if chunk.due == size else None, grown=chunk.due == LARGEST_CHUNK)

    async def _end(self, as_of: date) -> Outcome:
        if await self._evaluations.anything_due(as_of):
            return _in_other_hands()
        standing = await self._runs.finish(self._run_id)
        # A day that is caught up leaves its mails to the run of today, so that people hear once where a shipment stands. So that
        # one asks for them even where nothing was left for it to raise.
        if as_of >= self._today:
            self._publisher.publish(QueuePendingEmails())
        return _done(self._run_id, standing)

    def _tell(self, as_of: date, number: int, chunk: Chunk) -> None:
        """One event per chunk; of more organizations than one can hold, one for each so many."""
        for part, start in enumerate(range(0, len(chunk.organizations), _ORGANIZATIONS), start=1):
            organizations = chunk.organizations[start : start + _ORGANIZATIONS]
            event = AlertsRaised(
                run_id=self._run_id,
                chunk=number,
                part=part,
                as_of=as_of,
                raised=sum(one.total for one in organizations),
                organizations=organizations,
            )
            self._publisher.publish(event)


def _in_other_hands() -> Outcome:
    return Retry("others hold shipments that are due", after_s=AGAIN_S, counts=False, error_class="InOtherHands")


def _done(run_id: UUID, standing: Standing) -> Outcome:
    summary = RunSummary(
        run_id=run_id, as_of=standing.as_of, shipments=standing.shipments, raised=standing.raised, chunks=standing.chunks
    )
    return Done(summary.model_dump(mode="json"))
