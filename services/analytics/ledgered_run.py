"""Work outside of the database that takes long, is written down, and is never done twice at once.

Each message has a row, under an id that it names or its own. The row tells another delivery what has become of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from shared.contracts.message import Message
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped

AGAIN_S: Final = 5.0
SYSTEM: Final = "system:schedule"
M = TypeVar("M", bound=Message)
UnitOfWork = Callable[[], AbstractAsyncContextManager[Session]]


class Book(Protocol):
    """The rows, in one unit of work."""

    async def open(self, key: UUID, requested_by: str) -> bool:
        """See that there is a row, and say whether there is still something to do."""
        ...

    async def give_up(self, key: UUID, error: str) -> None:
        """It will not be tried again. What has ended stays as it is."""
        ...


class LedgeredRun(Generic[M]):
    """An effect. key_of: the id and the requester that a message names. run: does it, and writes down what became of it."""

    concurrency = 1

    def __init__(
        self,
        key_of: Callable[[M], tuple[UUID | None, str | None]],
        book: Callable[[Session], Book],
        run: Callable[[UUID], Awaitable[None]],
    ) -> None:
        self._key_of = key_of
        self._book = book
        self._run = run

    async def claim(self, session: Session, received: Sequence[Received[M]]) -> Sequence[UUID | Outcome]:
        """A row for each, so that it is seen before it begins."""
        book, works = self._book(session), list[UUID | Outcome]()
        for one in received:
            named, by = self._key_of(one.message)
            key = named or one.id
            works.append(key if await book.open(key, by or SYSTEM) else Skipped("it has ended already"))
        return works

    async def call(self, work: UUID) -> Outcome:
        """Do it. Where our own database is away, it is tried again soon."""
        try:
            await self._run(work)
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not let it end: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[Received[M], UUID | None, Outcome]]) -> None:
        """What was done has been written down; what has died is given up."""
        for one, work, outcome in results:
            if isinstance(outcome, Failed):
                await self._book(session).give_up(work or self._key_of(one.message)[0] or one.id, outcome.error)

    async def close(self) -> None:
        """It keeps nothing open."""
