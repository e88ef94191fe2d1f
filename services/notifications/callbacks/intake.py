"""Taking call-backs in: each event is stored once, and applied by a worker afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.notifications.callbacks.metrics import KEPT
from services.notifications.callbacks.repository import ProviderEventRepository, ProviderEventRow
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher
from shared.runtime.payload_box import PayloadBox

IDS_PER_MESSAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event of a verified call-back.

    event_id: the same whenever the event comes again, at most 200 characters, and without anything personal. payload: as it came.
    """

    provider: str
    event_id: str
    payload: bytes


class CallbackIntake:
    """Keeps events in one unit of work with the message that has them applied."""

    def __init__(self, events: ProviderEventRepository, box: PayloadBox, publisher: Publisher, clock: Clock) -> None:
        self._events = events
        self._box = box
        self._publisher = publisher
        self._clock = clock

    async def keep(self, incoming: Sequence[Incoming], account_id: UUID | None = None) -> int:
        """Store those that are new, and say how many those are.

        account_id: of the organization's own account that reports; None for an account of the installation.
        """
        if not incoming:
            return 0
        now = self._clock()
        rows = []
        for one in incoming:
            key = uuid7()
            key_id, sealed = self._box.seal(key, one.payload)
            rows.append(ProviderEventRow(key, one.provider, one.event_id, now, key_id, sealed, account_id))
        added = await self._events.add(rows)
        for start in range(0, len(added), IDS_PER_MESSAGE):
            self._publisher.publish(ApplyCallbacks(event_ids=added[start : start + IDS_PER_MESSAGE]))
        KEPT.labels(incoming[0].provider, "new").inc(len(added))
        KEPT.labels(incoming[0].provider, "repeated").inc(len(incoming) - len(added))
        return len(added)
