"""Asking for everybody's digest when it has become 08:00 where they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.notifications.digests.mornings import mornings_between
from services.notifications.digests.repository import Candidate, DigestRepository, Look
from services.notifications.digests.window_repository import WindowRepository
from services.notifications.digests.windows import hourly_digest
from shared.contracts.notifications import QueueDailyDigests, SendDailyDigest
from shared.runtime.clock import Clock
from shared.runtime.ids import NAMESPACE
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import Publisher

EVERY: Final = timedelta(minutes=15)
"""How far the first look ever goes back."""

LOST_AFTER: Final = timedelta(hours=6)
"""So long after a window should have ended, the message that ends it is taken for lost: an operator has thrown it away, or it
is a dead letter. If it comes after all, it closes the window or finds it closed."""

PAGE: Final = 5000
"""So many people are looked at in one transaction."""


class DigestQueue:
    """Publishes one message for each person and day, and anew what a window of the hourly digest still waits for.

    How far has been looked is remembered in the database, so that after an outage the next slot sees all that was missed, and
    of several missed mornings of a person the last alone. A look at many people goes page by page: each message takes one, and
    asks for the next in the same transaction. So whatever is killed, the look goes on where it was; if the message that asks is
    lost, with the next slot's. The id is made of person and day: however often a day is looked at, it is asked for once.
    """

    def __init__(
        self, digests: DigestRepository, windows: WindowRepository, publisher: Publisher, clock: Clock, *, page: int = PAGE
    ) -> None:
        self._digests = digests
        self._windows = windows
        self._publisher = publisher
        self._clock = clock
        self._page = page

    async def queue(self, received: Received[QueueDailyDigests]) -> int:
        """Look at the next people whose morning has come until the message's slot; returns how many digests were asked for."""
        slot = received.message.slot or self._clock()
        looked_until, look = await self._digests.progress(slot - EVERY)
        if slot <= looked_until:
            return 0
        look = look or await self._begin(looked_until, slot)
        page = await self._digests.page(look, self._page) if look.days else []
        if is_last := len(page) < self._page:
            await self._digests.looked(look.until)
        else:
            await self._digests.reached(look, page[-1])
        if not is_last or look.until < slot:
            self._publisher.publish(QueueDailyDigests(slot=slot))
        return self._ask(look, page)

    async def _begin(self, after: datetime, slot: datetime) -> Look:
        await self._ask_again(slot)
        zones = await self._digests.groups()
        mornings = mornings_between(after, slot, sorted(set(zones.values())))
        return Look(slot, {group: mornings[zone] for group, zone in zones.items() if zone in mornings})

    async def _ask_again(self, slot: datetime) -> None:
        """A window whose message was lost would collect for ever, and never tell."""
        for window in await self._windows.overdue(slot - LOST_AFTER, slot, self._page):
            message, message_id = hourly_digest(window, slot)
            self._publisher.publish(message, message_id=message_id)

    def _ask(self, look: Look, page: Sequence[Candidate]) -> int:
        due = [one for one in page if one.is_due]
        for one in due:
            message = SendDailyDigest(to_person=one.person, digest_on=look.days[one.group])
            self._publisher.publish(message, message_id=digest_id(message))
        return len(due)


def digest_id(message: SendDailyDigest) -> UUID:
    """The id of one person's digest of one day."""
    return uuid5(NAMESPACE, f"daily_digest/{message.to_person}/{message.digest_on}")
