"""Pausing an account of which too much is refused for content or reputation (5.7.x, `blocked`, Twilio 30007).

Such refusals are no failures of the account, so its breaker counts them not; but who goes on sending what is refused loses the
reputation that all other mail lives by. Ten minutes count: 20 refusals, if they are more than a tenth of what the account has
answered. Refusals that are reported afterwards count like those at once; the pause is longer than the window, so that the same
ones do not count twice. Redis holds what is shared; while it is away nobody pauses an account.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import redis.asyncio as redis

from shared.runtime.outside.circuits import Finding
from shared.runtime.outside.shared_state import SharedState

WINDOW_S: Final = 600
MIN_BLOCKED: Final = 20
MAX_SHARE: Final = 0.1
PAUSE_S: Final = 900.0
BLOCKED: Final = "blocked"
FRESH_S: Final = 1.0

# KEYS: the account's window. ARGV: answers, refusals among them, refusals that were reported within the window (-1: not asked).
# Answers 1 where the account is to pause; then the window begins anew.
_COUNT: Final = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'since', 'answered', 'blocked', 'reported')
local since, answered, blocked = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
local reported = tonumber(known[4] or 0)
if now - since > {WINDOW_S * 1000} then since, answered, blocked, reported = now, 0, 0, 0 end
answered, blocked = answered + ARGV[1], blocked + ARGV[2]
if tonumber(ARGV[3]) >= 0 then reported = tonumber(ARGV[3]) end
local all = blocked + reported
local pauses = all >= {MIN_BLOCKED} and all > {MAX_SHARE} * answered
if pauses then since, answered, blocked, reported = now, 0, 0, 0 end
redis.call('HSET', KEYS[1], 'since', since, 'answered', answered, 'blocked', blocked, 'reported', reported)
redis.call('EXPIRE', KEYS[1], {2 * WINDOW_S})
return pauses and 1 or 0
"""


@dataclass(slots=True)
class _Count:
    answered: int = 0
    blocked: int = 0


class Blocks:
    """The windows of all accounts, as one process counts them."""

    def __init__(self, client: "redis.Redis", service: str) -> None:
        self._prefix = f"providers:{service}:blocks:"
        self._count = client.register_script(_COUNT)
        self._counts: dict[str, _Count] = {}
        self._told_at: dict[str, float] = {}
        self._shared = SharedState()

    async def answered(self, account: str, *, blocked: bool) -> Finding | None:
        """Count an answer. What its account has to be told, where that is a pause."""
        count = self._counts.setdefault(account, _Count())
        count.answered += 1
        count.blocked += blocked
        if not blocked and time.monotonic() - self._told_at.get(account, 0.0) < FRESH_S:
            return None
        return await self._tell(account, -1)

    async def reported(self, refusals: Mapping[str, int]) -> Mapping[str, Finding]:
        """Accounts that have to pause, by what has been reported of them within the window."""
        found = {account: await self._tell(account, count) for account, count in refusals.items()}
        return {account: finding for account, finding in found.items() if finding is not None}

    async def _tell(self, account: str, reported: int) -> Finding | None:
        count = self._counts.pop(account, _Count())
        self._told_at[account] = time.monotonic()
        arguments = [count.answered, count.blocked, reported]
        pauses = await self._shared.ask(partial(self._count, keys=[self._prefix + account], args=arguments))
        return Finding(failed=False, closes_s=PAUSE_S, why=BLOCKED) if pauses else None
