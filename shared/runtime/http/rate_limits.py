"""Rate limits per caller over a sliding window, shared by all replicas.

Headers as in draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy: "default";q=600;w=60`, `RateLimit: "default";r=599;t=1`,
and `Retry-After` with a 429. While Redis is away each process counts for itself: a limit that is too wide for some
seconds is better than an API that is down with its counter.

Whoever asks often does not cost a journey to Redis each time: a process may let in a hundredth of what it was told is left,
within a second, and says so when it asks next. So dozens of processes together let in no more than there is, and whoever comes
near the limit is counted one by one.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import redis.asyncio as redis

from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.errors import TooManyRequests
from shared.runtime.http.rate_counts import MOST, OwnCounts, Rate, SharedCounts, Used

logger = logging.getLogger(__name__)

REDIS_PAUSE_S: Final = 5.0
SHARES: Final = 100
"""A process lets in by itself this part of what is left."""
LET_IN_S: Final = 1.0
"""For so long, and then it asks again."""
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Limit:
    """A named allowance; endpoints that share the name share it. rate: `600/minute`, also per second, hour and day."""

    name: str
    rate: str
    each: Rate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        amount, _, unit = self.rate.partition("/")
        if not (amount.isdecimal() and int(amount) and unit in _SECONDS):
            raise ValueError(
                f"the rate {self.rate} of {self.name} is none: say how many per {', '.join(_SECONDS)}, as 600/minute"
            )
        object.__setattr__(self, "each", Rate(int(amount), _SECONDS[unit]))


UNLIMITED: Final = Limit("unlimited", "1/second")
"""For what machines ask without pause: probes and scrapes."""


@dataclass(slots=True)
class _Told:
    """What Redis has last said of a caller, and whom this process has let in since: `spent` are not yet counted there."""

    used: Used
    until: float
    share: int
    spent: int = 0

    def let_in(self) -> Used:
        """One more by this process itself."""
        self.share -= 1
        self.spent += 1
        self.used = Used(True, self.used.count + 1, self.used.before, self.used.passed_s)
        return self.used


class RateLimiter:
    """Counts requests. One per process. clock: seconds that only ever grow."""

    def __init__(self, client: redis.Redis, service: str, default_rate: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shared = SharedCounts(client, service)
        self._own = OwnCounts()
        self._default = Limit("default", default_rate)
        self._told: dict[tuple[str, str], _Told] = {}
        self._redis_again_at = 0.0

    async def spend(self, caller: str, limit: Limit | None = None) -> dict[str, str]:
        """Count one request of `caller` and return the headers that tell what is left.

        limit: None is the service's default. Raises TooManyRequests (429) when nothing is left.
        """
        if limit is UNLIMITED:
            return {}
        limit = limit or self._default
        rate = limit.each
        used = await self._hit((limit.name, caller), rate)
        wait_s = max(1, math.ceil(used.wait_s(rate)))
        headers = {
            "RateLimit-Policy": f'"{limit.name}";q={rate.amount};w={rate.window_s}',
            "RateLimit": f'"{limit.name}";r={used.left(rate) if used.allowed else 0};t={wait_s}',
        }
        if not used.allowed:
            detail = f"the limit of {rate.amount} requests in {rate.window_s} seconds is used up; wait {wait_s} seconds"
            raise TooManyRequests(detail, headers={**headers, "Retry-After": str(wait_s)})
        return headers

    async def _hit(self, key: tuple[str, str], rate: Rate) -> Used:
        now = self._clock()
        told = self._told.get(key)
        if told is not None and told.share and now < told.until:
            return told.let_in()
        if now < self._redis_again_at:
            return self._own.spend(key, rate)
        # Taken along by this question, and so by no other that comes meanwhile.
        spent = told.spent if told is not None else 0
        if told is not None:
            told.spent = 0
        try:
            used = await self._shared.spend(key, rate, spent=spent)
        except BROKER_ERRORS as error:
            # Not asked again at once, or every request would wait for the connection to time out.
            self._redis_again_at = self._clock() + REDIS_PAUSE_S
            logger.warning("rate_limits_counted_locally", extra={"error": type(error).__name__})
            return self._own.spend(key, rate)
        self._remember(key, used, rate)
        return used

    def _remember(self, key: tuple[str, str], used: Used, rate: Rate) -> None:
        if len(self._told) >= MOST:
            self._told.clear()
        known = self._told.get(key)
        # Those that were let in while Redis was asked, of which it did not know yet.
        since = known.spent if known is not None else 0
        share = max(0, used.left(rate) // SHARES - since)
        self._told[key] = _Told(used, self._clock() + LET_IN_S, share, since)
