"""The open sessions of one process with one mail server, and the mails that wait for one."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.notifications.email.smtp_session import Envelope, Follower, SmtpSession
from services.notifications.email.smtp_wire import Exchange


@dataclass(slots=True, eq=False)
class Turn:
    """A session, for one mail. opened: where its first commands have gone out together with the text of the mail before.
    passed_on: the next mail has the session by now."""

    session: SmtpSession
    opened: Exchange | None = None
    passed_on: bool = False


@dataclass(slots=True, eq=False)
class _Waiting:
    """A mail in the line. new: it wants a connection of its own. place: what it waits for: a turn, or None for the right to
    connect."""

    email: Envelope
    until: float
    new: bool
    place: "asyncio.Future[Turn | None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SmtpPool:
    """At most `size` sessions at a time. Belongs to one event loop.

    connect: opens a session. idle_s: a session that has rested longer is not trusted any more. The loop of a worker stands
    still between deliveries, so there is no timer: a session's age is looked at when it is wanted. Nor is there one for the line:
    whoever has a session gives it back in time.
    """

    def __init__(self, connect: Callable[[], Awaitable[SmtpSession]], *, size: int, idle_s: float) -> None:
        self._connect = connect
        self._idle_s = idle_s
        self._free = size
        self._idle: list[SmtpSession] = []
        self._line: deque[_Waiting] = deque()

    async def take(self, email: Envelope, *, until: float, new: bool = False) -> Turn:
        """A session for one mail, to be given back whatever becomes of that. new: a connection of its own.

        Raises TimeoutError where there is no connection until then, by the loop's clock.
        """
        if self._free == 0:
            turn = await self._wait(_Waiting(email, until, new))
            if turn is not None:
                return turn
        else:
            self._free -= 1
        try:
            if not new and (session := self._rested()) is not None:
                return Turn(session)
            async with asyncio.timeout_at(until):
                return Turn(await self._connect())
        except BaseException:
            self._release()
            raise

    def give_back(self, turn: Turn) -> None:
        """Let the next mail have the session; one that is no longer open is not kept."""
        if turn.passed_on:
            return
        session, first = turn.session, self._first()
        if session.is_open and first is not None and first.new:
            # Beside the one that it wants, this would be one too many.
            session.abort()
        if not session.is_open:
            self._release()
            return
        session.idle_since = time.monotonic()
        if first is not None:
            self._line.popleft().place.set_result(Turn(session))
        else:
            self._idle.append(session)
            self._free += 1

    def follower(self, turn: Turn) -> Follower | None:
        """The mail that may go out behind the one which has the session, and has it from then on."""
        first = self._first()
        if first is None or first.new:
            return None

        def opened(exchange: Exchange) -> None:
            self._line.popleft().place.set_result(Turn(turn.session, exchange))
            turn.passed_on = True

        return Follower(first.email, first.until, opened)

    async def close(self) -> None:
        """End the idle sessions, all at once."""
        sessions, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in sessions))

    async def _wait(self, waiting: _Waiting) -> Turn | None:
        """Stand in the line: at its head who has waited before, at its end all others."""
        (self._line.appendleft if waiting.new else self._line.append)(waiting)
        try:
            return await waiting.place
        except BaseException:
            if waiting.place.done() and not waiting.place.cancelled():
                self._refuse(waiting.place.result())
            raise

    def _refuse(self, turn: Turn | None) -> None:
        """Of a mail that was given its turn and did not live to see it."""
        if turn is None:
            self._release()
            return
        if turn.opened is not None:
            turn.session.abort()
        self.give_back(turn)

    def _release(self) -> None:
        """A place for a session is free, for the first in the line or whoever comes."""
        if self._first() is None:
            self._free += 1
        else:
            self._line.popleft().place.set_result(None)

    def _first(self) -> _Waiting | None:
        while self._line and self._line[0].place.done():
            # It was cancelled.
            self._line.popleft()
        return self._line[0] if self._line else None

    def _rested(self) -> SmtpSession | None:
        # The one that was used last: the surplus of a busy time then ages and goes.
        oldest = time.monotonic() - self._idle_s
        while self._idle:
            session = self._idle.pop()
            if session.is_open and session.idle_since >= oldest:
                return session
            session.abort()
        return None
