"""Handlers and effects whose behaviour a test scripts, and messages for them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import text

from shared.contracts import lanes
from shared.contracts.message import Contract, Send
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.inbox.handlers import EffectHandler, LightHandler
from shared.runtime.outcomes import Done, Outcome


class Remind(Send):
    """A send contract of the tests' own."""

    contract: ClassVar = Contract(
        "analytics.remind_somebody", (lanes.ANALYTICS_NORMAL,), RetryPolicy(max_retries=2, base_s=100, cap_s=100, jitter=False)
    )

    number: int


class Vague(Remind):
    """The same, as a stranger may fill it."""

    number: Any


SERIALIZATION_FAILURE = text("DO $$ BEGIN RAISE EXCEPTION 'lost the race' USING ERRCODE = '40001'; END $$")
END_MY_CONNECTION = text("SELECT pg_terminate_backend(pg_backend_pid())")
RECORD = text("INSERT INTO probe_effects (message_id, number, attempt, occurred_at) VALUES (:id, :number, :attempt, :at)")

Each = Callable[[Session, Received[Remind]], Awaitable[Any]]


async def record(session: Session, one: Received[Remind]) -> None:
    """Write the effect of one message."""
    facts = {"id": one.id, "number": one.message.number, "attempt": one.attempt, "at": one.occurred_at}
    await session.execute(RECORD, facts)


def light(each: Each) -> LightHandler[Remind]:
    """A light handler that records each message and then does what `each` does."""

    async def handle(session: Session, received: Sequence[Received[Remind]]) -> None:
        for one in received:
            await record(session, one)
            await each(session, one)

    return LightHandler(Remind, handle)


async def nothing(*_: Any) -> None:
    """Does nothing."""


async def done(_: Received[Remind]) -> Outcome:
    """A call that succeeds."""
    return Done()


@dataclass
class ScriptedEffect:
    """An effect of which a test gives the parts. calls and recorded: the numbers of messages, in order."""

    on_call: Callable[[Received[Remind]], Awaitable[Outcome]] = done
    on_claim: Each = nothing
    on_record: Callable[[Session, Received[Remind], Outcome], Awaitable[None]] = nothing
    concurrency: int = 10
    calls: list[int] = field(default_factory=list)
    recorded: list[tuple[int, Outcome]] = field(default_factory=list)
    most_at_once: int = 0
    _under_way: int = 0

    async def claim(self, session: Session, received: Sequence[Received[Remind]]) -> Sequence[Any]:
        return [await self.on_claim(session, one) or one for one in received]

    async def call(self, work: Received[Remind]) -> Outcome:
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        self.calls.append(work.message.number)
        try:
            await asyncio.sleep(0)
            return await self.on_call(work)
        finally:
            self._under_way -= 1

    async def record(self, session: Session, results: Sequence[tuple[Received[Remind], Any, Outcome]]) -> None:
        for one, _, outcome in results:
            await record(session, one)
            await self.on_record(session, one, outcome)
            self.recorded.append((one.message.number, outcome))

    async def close(self) -> None:
        """Nothing is kept open."""

    def handler(self) -> EffectHandler[Remind, Any]:
        return EffectHandler(Remind, lambda _: self)
