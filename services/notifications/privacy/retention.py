"""Deleting what its retention time has ended for, in slices as decision 0008 has them.

The message is taken up for two seconds and then given back, which counts as no try. Each chunk is a transaction, and what is left
is what is old, so nothing has to be remembered between two slices.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.notifications.privacy.retention_repository import RULES, RetentionRepository, Rule
from shared.contracts.notifications import RemoveExpiredData
from shared.runtime.clock import Clock
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Outcome, Retry

CHUNK: Final = 2000
SLICE_S: Final = 2.0
AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Removal:
    """What is older than its time at this moment goes."""

    now: datetime


class Retention:
    """The effect of `notifications.remove_expired_data`, whose outside is the service's own database.

    delivery_days: how long deliveries are kept. unit_of_work: opens a transaction, one for each chunk. chunk: rows at a time.
    """

    concurrency = 1

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        delivery_days: int,
        clock: Clock,
        *,
        chunk: int = CHUNK,
        slice_s: float = SLICE_S,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._delivery_days = delivery_days
        self._clock = clock
        self._chunk = chunk
        self._slice_s = slice_s

    async def claim(self, _: Session, received: Sequence[Received[RemoveExpiredData]]) -> Sequence[Removal | Outcome]:
        """Nothing is to be written before."""
        return [Removal(one.message.slot or self._clock()) for one in received]

    async def call(self, work: Removal) -> Outcome:
        """Delete chunk after chunk; done when there is nothing left, given back when the slice is over."""
        until = time.monotonic() + self._slice_s
        try:
            for rule in RULES:
                days = self._delivery_days if rule.days is None else rule.days
                while await self._remove(rule, work.now - timedelta(days=days)) == self._chunk:
                    if time.monotonic() > until:
                        return Retry("there is more to remove", counts=False, error_class="Slice")
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not remove a chunk: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Done()

    async def record(self, _: Session, results: Sequence[tuple[Received[RemoveExpiredData], Removal | None, Outcome]]) -> None:
        """What was removed is gone already."""

    async def close(self) -> None:
        """It keeps nothing open."""

    async def _remove(self, rule: Rule, before: datetime) -> int:
        async with self._unit_of_work() as session:
            return await RetentionRepository(session).remove(rule, before, self._chunk)
