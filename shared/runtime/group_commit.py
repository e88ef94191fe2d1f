"""Group commit: what many callers want written is written together, and each is answered once it is durable.

A commit costs a flush of the disk, whatever is in it. So what comes within some milliseconds shares one, and while one is on
its way the next gathers. A caller waits for its own items alone, and hears what became of them alone.

    commits = GroupCommit(write, linger_s=0.01, most=5000, capacity=200_000)
    results = await commits.submit(items)      # one result per item, after the commit
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from shared.runtime.db import is_away, is_conflict
from shared.runtime.errors import Unavailable

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

CLOSE_TIMEOUT_S: Final = 10.0


class QueueFull(Unavailable):
    code, title = "queue_full", "More arrives than can be written"


class Closing(Unavailable):
    code, title = "closing", "This process is about to end"


@dataclass(slots=True)
class _Submission(Generic[Item, Result]):
    items: Sequence[Item]
    done: "asyncio.Future[Sequence[Result]]"


class GroupCommit(Generic[Item, Result]):
    """One writer of one process. Belongs to one event loop.

    write: writes items in one transaction and returns one result for each, in their order, after the commit.
    linger_s: how long the first item waits for others. most: how many items one transaction takes. capacity: how many may wait.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        linger_s: float,
        most: int,
        capacity: int,
    ) -> None:
        self._write = write
        self._linger_s = linger_s
        self._most = most
        self._capacity = capacity
        self._queue: deque[_Submission[Item, Result]] = deque()
        self._waiting = 0
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many items wait for their transaction."""
        return self._waiting

    async def submit(self, items: Sequence[Item]) -> list[Result]:
        """Results in the order of the items, once they are durable. Items that one transaction does not take are several.

        Raises QueueFull, Closing, and what `write` raised for these items.
        """
        if self._closing:
            raise Closing("this process is about to end; send it again", headers={"Retry-After": "1"})
        if self._waiting and self._waiting + len(items) > self._capacity:
            raise QueueFull("more arrives than can be written; send it again in some seconds", headers={"Retry-After": "2"})
        parts = [items[start : start + self._most] for start in range(0, len(items), self._most)]
        waiting = [self._enqueue(part) for part in parts]
        # All are waited for, so that none of them fails unheard.
        results = await asyncio.gather(*waiting, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [one for part in results if not isinstance(part, BaseException) for one in part]

    async def close(self) -> None:
        """Take nothing more, and write what waits."""
        self._closing = True
        self._full.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CLOSE_TIMEOUT_S)
            self._task.cancel()

    def _enqueue(self, items: Sequence[Item]) -> "asyncio.Future[Sequence[Result]]":
        submission: _Submission[Item, Result] = _Submission(items, asyncio.get_running_loop().create_future())
        self._queue.append(submission)
        self._waiting += len(items)
        if self._waiting >= self._most:
            self._full.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="group-commit")
        return submission.done

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._gather()
                await self._commit(self._take())
        finally:
            for left in self._queue:
                _fail(left, Closing("this process ended before it could write; send it again"))
            self._queue.clear()

    async def _gather(self) -> None:
        if self._waiting < self._most and not self._closing:
            self._full.clear()
            try:
                await asyncio.wait_for(self._full.wait(), self._linger_s)
            except TimeoutError:
                return

    def _take(self) -> list[_Submission[Item, Result]]:
        taken: list[_Submission[Item, Result]] = []
        count = 0
        while self._queue and (not taken or count + len(self._queue[0].items) <= self._most):
            taken.append(self._queue.popleft())
            count += len(taken[-1].items)
        self._waiting -= count
        return taken

    async def _commit(self, taken: Sequence[_Submission[Item, Result]]) -> None:
        """Write them together. Where that fails for another reason than an outage, each one alone: one caller's items must not
        fail another's."""
        try:
            results = await self._written([item for one in taken for item in one.items])
        except Exception as error:  # noqa: BLE001 — whatever it is, those who wait must hear of it.
            if len(taken) == 1 or is_away(error):
                for one in taken:
                    _fail(one, error)
                return
            logger.warning("group_commit_split", extra={"error_class": type(error).__name__, "callers": len(taken)})
            for one in taken:
                await self._commit([one])
        except BaseException:
            for one in taken:
                _fail(one, Closing("this process ended before it had written; send it again"))
            raise
        else:
            start = 0
            for one in taken:
                _succeed(one, results[start : start + len(one.items)])
                start += len(one.items)

    async def _written(self, items: Sequence[Item]) -> Sequence[Result]:
        try:
            return await self._write(items)
        except Exception as error:
            if not is_conflict(error):
                raise
            return await self._write(items)


def _succeed(submission: _Submission[Item, Result], results: Sequence[Result]) -> None:
    # Whoever has gone away meanwhile hears nothing.
    if not submission.done.done():
        submission.done.set_result(results)


def _fail(submission: _Submission[Item, Result], error: BaseException) -> None:
    if not submission.done.done():
        submission.done.set_exception(error)
