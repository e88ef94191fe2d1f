"""The places for connections to one mail server that a process has, and the mails that wait for one."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.notifications.email.smtp_session import Envelope, Follower, NotSentError, SmtpSession
from services.notifications.email.smtp_wire import Exchange


@dataclass(slots=True, eq=False)
class Turn:
    """A place for a connection, for one mail. until: when the mail's time is over, by the loop's clock.

    session: None where it has to be connected. opened: where the mail's first commands have gone out behind the text of the mail
    before. passed_on: the place is the next mail's by now.
    """

    until: float
    session: SmtpSession | None = None
    opened: Exchange | None = None
    passed_on: bool = False


@dataclass(slots=True, eq=False)
class _Waiting:
    """A mail in the line. until: how long it stands there, by the loop's clock."""

    email: Envelope
    until: float
    turn: "asyncio.Future[Turn]"


@dataclass(frozen=True, slots=True)
class Times:
    """How long a mail waits for a place, how long it may take from then on, how long a connection may rest, and for how long
    nobody connects after somebody could not; in seconds."""

    line_s: float
    mail_s: float
    idle_s: float
    again_s: float


class SmtpPool:
    """At most `size` connections at a time, but for one that is given up and still waits for the reply to a text. Belongs to one
    event loop.

    connect: opens a session. A session that has rested too long is not trusted any more. The loop of a worker stands still
    between deliveries, so there is no timer for that: its age is looked at when it is wanted. The line has one timer for all.
    """

    def __init__(self, connect: Callable[[], Awaitable[SmtpSession]], *, size: int, times: Times) -> None:
        self._connect = connect
        self._times = times
        self._free = size
        self._idle: list[SmtpSession] = []
        self._line: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._one_by_one = False
        self._connects_at = 0.0

    async def take(self, email: Envelope) -> Turn:
        """A place for one mail, to be given back whatever becomes of it. Raises NotSentError where none is free for too long."""
        if self._free == 0:
            return await self._wait(email)
        self._free -= 1
        return self._turn(self._rested())

    async def session(self, turn: Turn) -> SmtpSession:
        """The place's session, connected anew where it has none that is open.

        Raises what connecting raises, TimeoutError, and NotSentError right after somebody else could not connect: each would
        meet the same, and until all have heard of that from whoever was the first, it is enough.
        """
        if turn.session is None or not turn.session.is_open:
            turn.session = turn.opened = None
            now = asyncio.get_running_loop().time
            if now() < self._connects_at:
                raise NotSentError
            try:
                async with asyncio.timeout_at(turn.until):
                    turn.session = await self._connect()
            except Exception:
                self._connects_at = now() + self._times.again_s
                self._turn_away(math.inf)
                raise
        return turn.session

    def give_back(self, turn: Turn) -> None:
        """Let the next mail have the place, with its session if that is open."""
        if turn.passed_on:
            return
        session = turn.session if turn.session is not None and turn.session.is_open else None
        waiting = self._next()
        if waiting is not None:
            waiting.turn.set_result(self._turn(session))
            return
        self._free += 1
        if session is not None:
            session.idle_since = time.monotonic()
            self._idle.append(session)

    def follower(self, turn: Turn) -> Follower | None:
        """The mail that may go out behind the text of the one whose turn it is."""
        waiting = self._next()
        if waiting is None:
            return None
        # Where it does not go out so, it is the first in the line again.
        self._line.appendleft(waiting)
        return None if self._one_by_one else Follower(waiting.email, self._until(), lambda opened: self._pass_on(turn, opened))

    def one_by_one(self) -> None:
        """From now on no mail goes out behind another's text: the server says that it takes them so, and drops them."""
        self._one_by_one = True

    async def close(self) -> None:
        """End the idle sessions, all at once."""
        if self._timer is not None:
            self._timer.cancel()
        sessions, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in sessions))

    def _pass_on(self, turn: Turn, opened: Exchange) -> None:
        following = self._turn(turn.session)
        following.opened, following.until = opened, opened.until
        self._line.popleft().turn.set_result(following)
        turn.passed_on = True

    def _turn(self, session: SmtpSession | None) -> Turn:
        return Turn(self._until(), session)

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._times.mail_s

    async def _wait(self, email: Envelope) -> Turn:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(email, loop.time() + self._times.line_s, loop.create_future())
        self._line.append(waiting)
        self._watch()
        try:
            return await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.done() and not waiting.turn.cancelled() and waiting.turn.exception() is None:
                # It was given its turn and did not live to see it.
                turn = waiting.turn.result()
                if turn.opened is not None:
                    turn.opened.abandon()
                self.give_back(turn)
            raise

    def _next(self) -> _Waiting | None:
        """Take the first out of the line, passing over who was cancelled."""
        while self._line:
            waiting = self._line.popleft()
            if not waiting.turn.done():
                return waiting
        return None

    def _watch(self) -> None:
        if self._timer is None and self._line:
            self._timer = asyncio.get_running_loop().call_at(self._line[0].until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        self._turn_away(asyncio.get_running_loop().time())
        self._watch()

    def _turn_away(self, now: float) -> None:
        """Those who have stood in the line for long enough by then."""
        while self._line and (self._line[0].until <= now or self._line[0].turn.done()):
            waiting = self._line.popleft()
            if not waiting.turn.done():
                waiting.turn.set_exception(NotSentError())

    def _rested(self) -> SmtpSession | None:
        # The one that was used last: the surplus of a busy time then ages and goes.
        oldest = time.monotonic() - self._times.idle_s
        while self._idle:
            session = self._idle.pop()
            if session.is_open and session.idle_since >= oldest:
                return session
            session.abort()
        return None
