"""Following an inbox: what has come into it and what has changed, in order, and on from where a reader was cut off."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.notifications.in_app.doorbell import Doorbell
from services.notifications.in_app.models import InAppItem
from services.notifications.in_app.repository import Head, InboxReader
from services.notifications.in_app.schemas import InAppItemOut
from shared.runtime.db import Database
from shared.runtime.http.event_frames import event_frame, heartbeat_frame

PAGE: Final = 100
QUIET_S: Final = 15.0
"""After which something is written all the same, so that no proxy takes the connection for dead."""
LONGEST_S: Final = 15 * 60.0
"""How long a stream lasts. Its reader comes again and is recognised anew: nobody follows on with a token that has expired."""


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One event. id: the inbox's number that the reader has seen everything until; None where it moves nothing.

    name: `item` for what has come since the reader's number, `read`, `unread` or `archived` for what has become of an item,
    `count` when the number of unread items is another. data: the whole item, or the count.
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

    async def events(self, person: str, after: int | None) -> AsyncGenerator[InboxEvent | None, None]:
        """The inbox's events beyond the number `after`, or, without one, from now on. None where nothing has come for QUIET_S.
        Ends after LONGEST_S."""
        ends_at = time.monotonic() + self._longest_s
        with self._doorbell.listening(person) as bell:
            _, head = await self._look(person, None)
            # A number that the inbox has not reached is another inbox's, or that of one that was emptied.
            seen = head.last_seq if after is None else min(after, head.last_seq)
            yield _count(head, seen)
            said, heard_at = head.unread, time.monotonic()
            while (left_s := ends_at - time.monotonic()) > 0:
                bell.clear()
                items, head = await self._look(person, seen)
                for item in items:
                    yield _event(item, seen)
                    seen = item.changed_seq
                if head.unread != said:
                    said = head.unread
                    yield _count(head, None)
                    heard_at = time.monotonic()
                if items:
                    heard_at = time.monotonic()
                if len(items) < PAGE:
                    # The newest numbers may be those of items that are gone.
                    seen = max(seen, head.last_seq)
                    # From the last word on, since the bell also rings for nothing.
                    quiet_s = heard_at + QUIET_S - time.monotonic()
                    try:
                        await asyncio.wait_for(bell.wait(), max(0.0, min(left_s, quiet_s)))
                    except TimeoutError:
                        yield None
                        heard_at = time.monotonic()

    async def _look(self, person: str, seen: int | None) -> tuple[Sequence[InAppItem], Head]:
        async with self._database.read() as session:
            reader = InboxReader(session)
            head = (await reader.heads([person])).get(person, Head(0, 0))
            if seen is None or seen >= head.last_seq:
                return [], head
            return await reader.changed_after(person, seen, PAGE), head


async def frames(events: AsyncGenerator[InboxEvent | None, None]) -> AsyncGenerator[bytes, None]:
    """The events as they are written."""
    async with contextlib.aclosing(events):
        async for event in events:
            if event is None:
                yield heartbeat_frame()
                continue
            number = str(event.id) if event.id is not None else None
            yield event_frame(event.name, json.dumps(event.data, ensure_ascii=False).encode(), number)


def _event(item: InAppItem, seen: int) -> InboxEvent:
    """As the item stands: what a reader was not there for is not told step by step.

    Always the whole of it: one that came and changed while its reader was away is told by its change, after what came later.
    """
    name = "item" if item.seq > seen else _state(item)
    return InboxEvent(item.changed_seq, name, InAppItemOut.model_validate(item).model_dump(mode="json"))


def _state(item: InAppItem) -> str:
    return "archived" if item.archived_at is not None else "read" if item.read_at is not None else "unread"


def _count(head: Head, seen: int | None) -> InboxEvent:
    return InboxEvent(seen, "count", {"unread": head.unread})
