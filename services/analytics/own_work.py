"""Work of a message whose outside is the service's own database, in as many transactions as it needs.

What is done stays done: the work says in the database how far it is, and another delivery goes on from there.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from shared.contracts.message import Message
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Outcome, Retry

AGAIN_S: Final = 5.0
M = TypeVar("M", bound=Message)


class OwnWork(Generic[M]):
    """An effect. do: does what one message asks for. closing: gives back what it keeps open, when the process ends."""

    concurrency = 1

    def __init__(self, do: Callable[[M], Awaitable[object]], closing: Callable[[], Awaitable[None]] | None = None) -> None:
        self._do = do
        self._closing = closing

    async def claim(self, _: Session, received: Sequence[Received[M]]) -> Sequence[M | Outcome]:
        """Nothing is to be written before."""
        return [one.message for one in received]

    async def call(self, work: M) -> Outcome:
        """Do it. Where the database is away, or somebody holds a row for long, it is tried again soon."""
        try:
            await self._do(work)
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not let it end: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Done()

    async def record(self, _: Session, results: Sequence[tuple[Received[M], M | None, Outcome]]) -> None:
        """What was done is in the database already."""

    async def close(self) -> None:
        """Give back connections, where there are any."""
        if self._closing is not None:
            await self._closing()
