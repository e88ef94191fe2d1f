"""What accounts outside have answered, counted over all workers in Redis, since nothing is measured in a worker's children.

The relay shows the counts (`relay/providers.py`). They begin anew where Redis is wiped, as counters do.
"""

import time
from collections import Counter
from functools import partial
from typing import Final

import redis.asyncio as redis

from shared.runtime.outside.shared_state import SharedState

FRESH_S: Final = 0.5
"""How old what a process has counted and not told may be, where it goes on counting."""
INSTALLATION: Final = "installation"
OWN: Final = "organization"


class Tally:
    """Counts of one process, told to all."""

    def __init__(self, client: "redis.Redis", service: str) -> None:
        self._redis = client
        self._key = answers_key(service)
        self._counts: Counter[str] = Counter()
        self._told_at = 0.0
        self._shared = SharedState()

    async def count(self, provider: str, verdict: str, *, is_own: bool, at_once: bool = False) -> None:
        """One answer. provider: its kind. is_own: whether the account is an organization's. at_once: it is not to wait."""
        self._counts[f"{provider}|{OWN if is_own else INSTALLATION}|{verdict}"] += 1
        if at_once or time.monotonic() - self._told_at > FRESH_S:
            await self.flush()

    async def flush(self) -> None:
        """Tell what has been counted."""
        counts, self._counts, self._told_at = self._counts, Counter(), time.monotonic()
        if counts:
            await self._shared.ask(partial(self._tell, counts))

    async def _tell(self, counts: Counter[str]) -> bool:
        async with self._redis.pipeline(transaction=False) as pipe:
            for field, count in counts.items():
                pipe.hincrby(self._key, field, count)
            await pipe.execute()
        return True


def answers_key(service: str) -> str:
    """Where the counts stand: a hash of `<kind>|<whose>|<verdict>`."""
    return f"providers:{service}:answers"
