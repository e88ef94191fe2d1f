"""Following an inbox: what has come into it and what has changed, in order, and on from where a reader was cut off."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.notifications.in_app.doorbell import Doorbell
from services.notifications.in_app.models import InAppItem
from services.notifications.in_app.repository import Head, InboxReader
from services.notifications.in_app.schemas import InAppItemOut
from shared.runtime.db import Database

PAGE: Final = 100
LONGEST_S: Final = 15 * 60.0
"""How long a stream lasts. Its reader comes again and is recognised anew: nobody follows on with a token that has expired."""


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One event. id: the inbox's number that the reader has seen everything until; None where it moves nothing.

    name: `item` for what the reader has not had yet, `read`, `unread` or `archived` for what becomes of an item that it has had,
    `count` when the number of unread items is another.
    """

    id: int | None
    name: str
    data: dict[str, Any]


class InboxStream:
    """Follows inboxes. Holds no connection to the database while it waits."""

    def __init__(self, database: Database, doorbell: Doorbell, time_factor: float = 1.0) -> None:
        self._database = database
        self._doorbell = doorbell
        self._longest_s = LONGEST_S * time_factor

    def check(self, person: str) -> None:
        """Raises TooManyStreams before anything has been answered."""
        self._doorbell.check(person)

    async def events(self, person: str, after: int | None) -> AsyncIterator[InboxEvent]:
        """The inbox's events beyond the number `after`, or, without one, from now on. Ends after LONGEST_S."""
        ends_at = time.monotonic() + self._longest_s
        with self._doorbell.listening(person) as bell:
            _, head = await self._look(person, None)
            # A number that the inbox has not reached is another inbox's, or that of one that was emptied.
            seen = head.last_seq if after is None else min(after, head.last_seq)
            yield _count(head, seen)
            said = head.unread
            while (left_s := ends_at - time.monotonic()) > 0:
                bell.clear()
                items, head = await self._look(person, seen)
                for item in items:
                    yield _event(item, seen)
                    seen = item.changed_seq
                if head.unread != said:
                    said = head.unread
                    yield _count(head, None)
                if len(items) < PAGE and seen >= head.last_seq:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(bell.wait(), left_s)

    async def _look(self, person: str, seen: int | None) -> tuple[Sequence[InAppItem], Head]:
        async with self._database.read() as session:
            reader = InboxReader(session)
            head = (await reader.heads([person])).get(person, Head(0, 0))
            if seen is None or seen >= head.last_seq:
                return [], head
            return await reader.changed_after(person, seen, PAGE), head


def _event(item: InAppItem, seen: int) -> InboxEvent:
    """As the item stands: what a reader was not there for is not told step by step."""
    if item.seq > seen:
        return InboxEvent(item.changed_seq, "item", InAppItemOut.model_validate(item).model_dump(mode="json"))
    name = "archived" if item.archived_at is not None else "read" if item.read_at is not None else "unread"
    facts = InAppItemOut.model_validate(item).model_dump(mode="json", include={"id", "seq", "read_at", "archived_at"})
    return InboxEvent(item.changed_seq, name, facts)


def _count(head: Head, seen: int | None) -> InboxEvent:
    return InboxEvent(seen, "count", {"unread": head.unread})
