"""Gathers mails that are handed over at about the same time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from services.notifications.email.provider import OutgoingEmail
from services.notifications.providers.answers import Answer, Verdict

logger = logging.getLogger(__name__)

LINGER_S: Final = 0.005
"""How long the first mail waits for others. Workers begin their calls together, so more would not gather more."""

Deliver = Callable[[Sequence[OutgoingEmail]], Awaitable[Sequence[Answer]]]


class Batches:
    """Hands mails over together, and each its own answer back.

    deliver: never raises for what happens outside, and answers in the order of the mails. Who stops waiting for an answer
    takes the mail back only as long as it has not been handed over.
    """

    def __init__(self, deliver: Deliver, *, most: int, linger_s: float = LINGER_S) -> None:
        self._deliver = deliver
        self._most = most
        self._linger_s = linger_s
        self._waiting: list[tuple[OutgoingEmail, asyncio.Future[Answer]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, email: OutgoingEmail) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((email, answer))
        if len(self._waiting) >= self._most:
            self._hand_over()
        elif self._timer is None:
            self._timer = loop.call_later(self._linger_s, self._hand_over)
        return await answer

    async def close(self) -> None:
        """Hand over what waits, and wait for the answers."""
        self._hand_over()
        await asyncio.gather(*self._under_way)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        mails = [(email, answer) for email, answer in self._waiting if not answer.done()]
        self._waiting = []
        if mails:
            task = asyncio.create_task(self._carry(mails))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _carry(self, mails: Sequence[tuple[OutgoingEmail, asyncio.Future[Answer]]]) -> None:
        answers: Sequence[Answer] = ()
        try:
            answers = await self._deliver([email for email, _ in mails])
        except Exception:
            logger.exception("batch_failed")
        finally:
            for number, (_, waiting) in enumerate(mails):
                if not waiting.done():
                    waiting.set_result(answers[number] if number < len(answers) else _LOST)


_LOST: Final = Answer(Verdict.UNKNOWN, "the batch ended without an answer to this mail")
