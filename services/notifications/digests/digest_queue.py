"""Asking for everybody's digest when it has become 08:00 where they are."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.notifications.digests.mornings import mornings_between
from services.notifications.digests.repository import DigestRepository
from shared.contracts.notifications import QueueDailyDigests, SendDailyDigest
from shared.runtime.clock import Clock
from shared.runtime.ids import NAMESPACE
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import Publisher

EVERY: Final = timedelta(minutes=15)
"""How far the first look ever goes back."""


class DigestQueue:
    """Publishes one message for each person and day.

    How far has been looked is remembered in the database, so that after an outage the next slot sees all that was missed, and
    of several missed mornings of a person the last alone. The id is made of person and day: however often a day is looked at,
    it is asked for once.
    """

    def __init__(self, digests: DigestRepository, publisher: Publisher, clock: Clock) -> None:
        self._digests = digests
        self._publisher = publisher
        self._clock = clock

    async def queue(self, received: Received[QueueDailyDigests]) -> int:
        """Look at the mornings until the message's slot; returns how many digests were asked for."""
        slot = received.message.slot or self._clock()
        after = await self._digests.looked_until(slot - EVERY)
        if slot <= after:
            return 0
        count = await self._queue(after, slot)
        await self._digests.looked(slot)
        return count

    async def _queue(self, after: datetime, slot: datetime) -> int:
        mornings = mornings_between(after, slot, await self._digests.zones())
        if not mornings:
            return 0
        due = await self._digests.due(list(mornings))
        for person, zone in due:
            message = SendDailyDigest(to_person=person, digest_on=mornings[zone])
            self._publisher.publish(message, message_id=digest_id(message))
        return len(due)


def digest_id(message: SendDailyDigest) -> UUID:
    """The id of one person's digest of one day."""
    return uuid5(NAMESPACE, f"daily_digest/{message.to_person}/{message.digest_on}")
