"""How much of a rate is used: a sliding window, counted in Redis for all processes or in this process alone.

The count of the window before wears off as the window that runs goes on: with 40 of 100 used in the minute before and 30 in this
one, of which a quarter has passed, 40 · ¾ + 30 = 60 are used (the sliding window counter, as Cloudflare describes it).
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import redis.asyncio as redis

MOST: Final = 10_000
"""How many callers a process remembers before it forgets all."""

# One key for each caller, so that the two windows come and go together. The time is the server's, one for all processes.
_SPEND: Final = """
    local window, limit, spent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local time = redis.call('TIME')
    local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
    local number = math.floor(now / window)
    local known = redis.call('HMGET', KEYS[1], 'window', 'count', 'before')
    local begun = number - (tonumber(known[1]) or number)
    local count, before = tonumber(known[2]) or 0, tonumber(known[3]) or 0
    if begun == 1 then
        count, before = 0, count
    elseif begun ~= 0 then
        count, before = 0, 0
    end
    count = count + spent
    local passed = now - number * window
    local allowed = before * (1 - passed / window) + count + 1 <= limit
    if allowed then
        count = count + 1
    end
    redis.call('HSET', KEYS[1], 'window', number, 'count', count, 'before', before)
    redis.call('EXPIRE', KEYS[1], 2 * window)
    return {allowed and 1 or 0, count, before, tostring(passed)}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    amount: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Used:
    """What is used of a rate. passed_s: of the window that runs; before: what was used in the window before."""

    allowed: bool
    count: int
    before: int
    passed_s: float

    def left(self, rate: Rate) -> int:
        """How many more there may be now."""
        return max(0, math.floor(rate.amount - self._used(rate)))

    def wait_s(self, rate: Rate) -> float:
        """Until the window ends while there is something left, else until there may be one more."""
        rest_s = rate.window_s - self.passed_s
        if self._used(rate) + 1 <= rate.amount:
            return rest_s
        room = rate.amount - 1
        if self.count <= room:
            # Enough of the window before has worn off, while this one lasts.
            return rate.window_s * (1 - (room - self.count) / self.before) - self.passed_s
        return rest_s + rate.window_s * (1 - room / self.count)

    def _used(self, rate: Rate) -> float:
        return self.before * (1 - self.passed_s / rate.window_s) + self.count


class SharedCounts:
    """Counted in Redis, whoever of the service's processes asks."""

    def __init__(self, client: redis.Redis, service: str) -> None:
        self._prefix = f"ratelimit:{service}"
        self._spend = client.register_script(_SPEND)

    async def spend(self, key: Sequence[str], rate: Rate, *, spent: int = 0) -> Used:
        """Count one, if there is room for it. spent: how many were let in before, which count in any case."""
        names = [":".join((self._prefix, *key))]
        allowed, count, before, passed = await self._spend(keys=names, args=[rate.window_s, rate.amount, spent])
        return Used(bool(allowed), count, before, float(passed))


class OwnCounts:
    """Counted in this process, for as long as Redis is away. clock: seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, ...], tuple[int, int, int]] = {}

    def spend(self, key: Sequence[str], rate: Rate) -> Used:
        """Count one, if there is room for it."""
        number, passed_s = divmod(self._clock(), rate.window_s)
        known, count, before = self._windows.get(tuple(key), (int(number), 0, 0))
        if known == number - 1:
            count, before = 0, count
        elif known != number:
            count, before = 0, 0
        allowed = before * (1 - passed_s / rate.window_s) + count + 1 <= rate.amount
        if len(self._windows) >= MOST:
            self._windows.clear()
        self._windows[tuple(key)] = (int(number), count + allowed, before)
        return Used(allowed, count + allowed, before, passed_s)
