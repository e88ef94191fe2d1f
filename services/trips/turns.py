"""Organizations take turns in a watch, each in a transaction of its own, and what a turn has done stays done.

One that has much to look at, or whose rows somebody holds, keeps no other one waiting; no transaction grows with their number.
"""

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar
from uuid import UUID

from shared.runtime.db import is_away, is_blocked, is_conflict
from shared.runtime.outcomes import Done, Outcome, Retry

logger = logging.getLogger(__name__)

AGAIN_S: Final = 5.0


class Waiting(Protocol):
    """What an organization's turn is for."""

    @property
    def organization_id(self) -> UUID:
        """Whose turn it is."""


W = TypeVar("W", bound=Waiting)


class Turns:
    """watch: whose turns they are, for the log. longest_s: how long turns are begun; there is one at least."""

    def __init__(self, watch: str, *, longest_s: float) -> None:
        self._watch = watch
        self._longest_s = longest_s

    async def take(self, waiting: Callable[[], Awaitable[Sequence[W]]], turn: Callable[[W], Awaitable[W | None]]) -> Outcome:
        """One after the other until nothing waits or the time is up. turn: returns what is still to come, after all others.

        Raises the first error of those that were left out for it, once all have had their turn.
        """
        try:
            failures = await self._take(waiting, turn)
        except Exception as error:
            if not is_away(error):
                raise
            return Retry(f"the database is away: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        if failures:
            raise failures[0]
        return Done()

    async def _take(
        self, waiting: Callable[[], Awaitable[Sequence[W]]], turn: Callable[[W], Awaitable[W | None]]
    ) -> list[Exception]:
        ends_at = time.monotonic() + self._longest_s
        failures: list[Exception] = []
        turns = deque(await waiting())
        while turns:
            one = turns.popleft()
            try:
                if (rest := await turn(one)) is not None:
                    turns.append(rest)
            except Exception as error:  # noqa: BLE001  # whatever one organization has, the others have their turn
                failures += self._left_out(one, error)
            if turns and time.monotonic() >= ends_at:
                logger.warning("watch_out_of_time", extra={"watch": self._watch, "turns": len(turns)})
                break
        return failures

    def _left_out(self, one: Waiting, error: Exception) -> list[Exception]:
        """What its error means for the others: nothing where somebody holds what it needs, since its turn comes again.

        Raises the error where the database is away, since then it is for all.
        """
        if is_away(error) and not is_blocked(error):
            raise error
        names = {"watch": self._watch, "organization_id": str(one.organization_id), "error_class": type(error).__name__}
        logger.warning("watch_left_out", extra=names)
        return [] if is_blocked(error) or is_conflict(error) else [error]
