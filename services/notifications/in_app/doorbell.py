"""Waking those who follow an inbox when something has come into it, whichever process wrote it.

The database is the truth, and this says only that a look is worth while: a hint through Redis, sent after the commit, which
may be lost, and beside it one statement every few seconds for all that are followed in this process. A hint holds nothing but
references, and who is slow to look misses no item and holds no memory: a bell rings once, however often it was pushed.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from services.notifications.in_app.errors import TooManyStreams
from services.notifications.in_app.repository import Head
from shared.runtime.broker import BROKER_ERRORS, hint_channel

if TYPE_CHECKING:
    import redis.asyncio as redis

logger = logging.getLogger(__name__)

MAX_STREAMS: Final = 5
"""How many streams one person may follow an inbox by, in each process of the API."""

POLL_S: Final = 5.0
LISTEN_S: Final = 1.0
_PREFIX: Final = b"in_app\n"
CHANNEL: Final = hint_channel("notifications")
"""That which wakes the relays, because the broker's access list gives a service that one alone. A relay that is woken for nothing
looks once."""

Heads = Callable[[Sequence[str]], Awaitable[Mapping[str, Head]]]


async def ring(client: "redis.Redis", people: Sequence[str]) -> None:
    """Tell all processes that something has come into these inboxes. A broker that is away costs some seconds."""
    if people:
        with contextlib.suppress(*BROKER_ERRORS):
            await client.publish(CHANNEL, _PREFIX + "\n".join(sorted(set(people))).encode("utf-8", "replace"))


class Doorbell:
    """The followed inboxes of one process. It listens while there is anybody to wake.

    heads: how far inboxes have been written, by their owners' references. time_factor: by which tests shrink all timers.
    """

    def __init__(self, client: "redis.Redis", heads: Heads, time_factor: float = 1.0) -> None:
        self._client = client
        self._heads = heads
        self._poll_s = POLL_S * time_factor
        self._listen_s = min(LISTEN_S, self._poll_s)
        self._bells: dict[str, list[asyncio.Event]] = {}
        self._seen: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def check(self, person: str) -> None:
        """Raises TooManyStreams where the person follows the inbox often enough."""
        if len(self._bells.get(person, ())) >= MAX_STREAMS:
            raise TooManyStreams(
                f"this inbox is followed by {MAX_STREAMS} streams already; close one, or share one between tabs",
                headers={"Retry-After": "30"},
            )

    @contextlib.contextmanager
    def listening(self, person: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be news; whoever looks clears it before. Raises TooManyStreams."""
        self.check(person)
        bell = asyncio.Event()
        self._bells.setdefault(person, []).append(bell)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="in-app-doorbell")
        try:
            yield bell
        finally:
            self._bells[person].remove(bell)
            if not self._bells[person]:
                del self._bells[person]
                self._seen.pop(person, None)
            if not self._bells and self._task is not None:
                self._task.cancel()
                self._task = None

    def _is_over(self) -> bool:
        """Whether the task that asks was let go. Where Redis answers just then, its client loses the cancellation."""
        return asyncio.current_task() is not self._task

    async def _run(self) -> None:
        while not self._is_over():
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as hints:
                    await hints.subscribe(CHANNEL)
                    # What was said before the subscription is not heard any more.
                    self._wake(list(self._bells))
                    await self._listen(hints)
            except BROKER_ERRORS as error:
                logger.warning("in_app_hints_unheard", extra={"error_class": type(error).__name__})
            except Exception:
                # Whoever follows an inbox must not be left with nobody to wake them.
                logger.exception("in_app_doorbell_failed")
            await asyncio.sleep(self._listen_s)
            await self._poll()

    async def _listen(self, hints: Any) -> None:
        poll_at = time.monotonic() + self._poll_s
        while not self._is_over():
            message = await hints.get_message(timeout=self._listen_s)
            if message is not None and message["data"].startswith(_PREFIX):
                self._wake(message["data"].removeprefix(_PREFIX).decode("utf-8", "replace").split("\n"))
            if time.monotonic() >= poll_at:
                await self._poll()
                poll_at = time.monotonic() + self._poll_s

    async def _poll(self) -> None:
        """Wake those whose inbox has been written further since the last look."""
        try:
            heads = await self._heads(list(self._bells))
        except (SQLAlchemyError, OSError) as error:
            logger.warning("in_app_poll_failed", extra={"error_class": type(error).__name__})
            return
        ahead = [person for person, head in heads.items() if self._seen.get(person) != head.last_seq]
        self._seen |= {person: heads[person].last_seq for person in ahead if person in self._bells}
        self._wake(ahead)

    def _wake(self, people: Sequence[str]) -> None:
        for person in people:
            for bell in self._bells.get(person, ()):
                bell.set()
