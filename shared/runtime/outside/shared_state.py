"""What all workers know together, in Redis. It may be away: then nobody waits for it, and each goes by what it knows itself."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.runtime.broker import BROKER_ERRORS

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S: Final = 0.5
PAUSE_S: Final = 5.0


class SharedState:
    """Asks Redis, and leaves it alone for a while where it does not answer at once. One per process."""

    def __init__(self) -> None:
        self._away_until = 0.0

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """The answer; None while there is none to be had."""
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await question()
        except BROKER_ERRORS:
            self._away_until = time.monotonic() + PAUSE_S
            logger.warning("shared_state_away")
            return None
