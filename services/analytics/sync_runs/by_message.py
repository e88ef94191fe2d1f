"""What a worker does when a source is to be read: a run for each, written down before it begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from services.analytics.ledgered_run import AGAIN_S, SYSTEM, UnitOfWork
from services.analytics.sync_runs.connector import Connector
from services.analytics.sync_runs.pulling import Pulling
from services.analytics.sync_runs.repository import SyncRepository
from shared.contracts.analytics import SyncExternalData
from shared.runtime.clock import Clock
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.errors import ServiceError, Transient
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped

RETRIES: Final = SyncExternalData.contract.retry.max_retries


@dataclass(frozen=True, slots=True)
class Work:
    """A run that is to be carried out, the so-manieth time."""

    key: UUID
    attempt: int


class SyncRuns:
    """An effect. What a source does wrong is written down in the run and told by an alert; the next slot is the next try, so it
    makes no dead letter."""

    concurrency = 1

    def __init__(self, unit_of_work: UnitOfWork, pulling: Pulling, connectors: Mapping[str, Connector], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._pulling = pulling
        self._connectors = connectors
        self._clock = clock

    async def claim(self, session: Session, received: Sequence[Received[SyncExternalData]]) -> Sequence[Work | Outcome]:
        """A row for each, so that it is seen before it begins."""
        return [await self._claim(session, one) for one in received]

    async def _claim(self, session: Session, one: Received[SyncExternalData]) -> Work | Outcome:
        asked = one.message
        if asked.source is None:
            return self._ask_all(session, one)
        if asked.source not in self._connectors:
            said = f"the source {asked.source} is not set up for this worker"
            await SyncRepository(session).fail(asked.run_id or one.id, said, self._clock())
            return Skipped(said)
        run = await SyncRepository(session).open(
            asked.run_id or one.id, asked.source, asked.requested_by or SYSTEM, self._clock()
        )
        return Work(run.id, one.attempt) if run.ended_at is None else Skipped("it has ended already")

    def _ask_all(self, session: Session, one: Received[SyncExternalData]) -> Outcome:
        if not self._connectors:
            return Skipped("no source is set up; docs/services/analytics-sync.md says how")
        for name in self._connectors:
            # The same id whenever this message comes: it asks for each source once.
            publish(session, SyncExternalData(source=name, slot=one.message.slot), message_id=uuid5(one.id, name))
        return Done()

    async def call(self, work: Work) -> Outcome:
        """Carry it out. Where our own database is away, it is tried again soon."""
        try:
            await self._pulling.pull(work.key)
        except ServiceError as error:
            is_over = not isinstance(error, Transient) or work.attempt > RETRIES
            async with self._unit_of_work() as session:
                rows = SyncRepository(session)
                if is_over:
                    await rows.fail(work.key, error.detail, self._clock())
                else:
                    await rows.wait(work.key, error.detail)
            if not is_over:
                raise
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not let it end: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[Received[SyncExternalData], Work | None, Outcome]]) -> None:
        """What was done has been written down; what has died is given up."""
        for one, work, outcome in results:
            if isinstance(outcome, Failed):
                key = work.key if work else one.message.run_id or one.id
                await SyncRepository(session).fail(key, outcome.error, self._clock())

    async def close(self) -> None:
        """Give back connections."""
        for connector in self._connectors.values():
            await connector.close()
