"""The effect of `analytics.cleanup_old_data`: the owners archive, and a while later it is kept what they have archived."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid5

from services.analytics.archives.schemas import ArchivesOut
from services.analytics.snapshots.repository import SnapshotRepository
from shared.contracts import alerts, analytics, notifications, payments, trips
from shared.contracts.analytics import CleanupOldData
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome

OWNERS: Final = (
    alerts.ArchiveOldRows,
    notifications.ArchiveOldRows,
    payments.ArchiveOldRows,
    trips.ArchiveOldRows,
    analytics.ArchiveOldRows,
)
COLLECTED_AFTER: Final = timedelta(minutes=30)
"""By then a usual night's rows are in files; what comes later, the next night's figures have."""


class OldData:
    """An effect whose outside are the other services' APIs.

    look: what they say they have archived. clock: of the moment that all messages are about. closing: gives connections back.
    """

    concurrency = 1

    def __init__(self, look: Callable[[], Awaitable[ArchivesOut]], clock: Clock, closing: Callable[[], Awaitable[None]]) -> None:
        self._look = look
        self._clock = clock
        self._closing = closing
        self._found: dict[datetime, ArchivesOut] = {}

    async def claim(self, _: Session, received: Sequence[Received[CleanupOldData]]) -> Sequence[CleanupOldData | Outcome]:
        """Nothing is to be written before."""
        return [one.message.model_copy(update={"slot": one.message.slot or self._clock()}) for one in received]

    async def call(self, work: CleanupOldData) -> Outcome:
        """Ask the owners what they have; having them archive is a matter of the record."""
        if work.stage == "collect" and work.slot is not None:
            self._found[work.slot] = await self._look()
        return Done()

    async def record(
        self, session: Session, results: Sequence[tuple[Received[CleanupOldData], CleanupOldData | None, Outcome]]
    ) -> None:
        """Send every owner its command and the question that follows, or keep the answers."""
        for one, work, outcome in results:
            if work is None or work.slot is None or not isinstance(outcome, Done):
                continue
            if work.stage == "collect":
                found = self._found.pop(work.slot)
                await SnapshotRepository(session).keep("archives", work.slot, found.model_dump(mode="json"))
                continue
            for owner in OWNERS:
                message = owner(slot=work.slot, older_than_days=work.older_than_days)
                publish(session, message, message_id=uuid5(one.id, message.contract.name))
            collecting = work.model_copy(update={"stage": "collect"})
            publish(session, collecting, due_at=self._clock() + COLLECTED_AFTER, message_id=uuid5(one.id, "collect"))

    async def close(self) -> None:
        """Give back connections."""
        await self._closing()
