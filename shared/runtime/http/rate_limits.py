"""Rate limits per caller, counted in Redis over a sliding window and shared by all replicas.

Headers as in draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy: "default";q=600;w=60`, `RateLimit: "default";r=599;t=1`,
and `Retry-After` with a 429. While Redis is away each process counts for itself: a limit that is too wide for some
seconds is better than an API that is down with its counter.
"""

import logging
import math
import time
from dataclasses import dataclass
from typing import Any, Final

import redis.asyncio as redis
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.errors import TooManyRequests

logger = logging.getLogger(__name__)

REDIS_PAUSE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A named allowance; endpoints that share the name share it. rate: `600/minute`, also per second, hour and day."""

    name: str
    rate: str

    @property
    def item(self) -> RateLimitItem:
        return parse(self.rate)


UNLIMITED: Final = Limit("unlimited", "1/second")
"""For what machines ask without pause: probes and scrapes."""


class RateLimiter:
    """Counts requests. One per process."""

    def __init__(self, client: redis.Redis, service: str, default_rate: str) -> None:
        # The library passes options on as they are, though its types know only plain ones.
        pool: Any = client.connection_pool
        storage = RedisStorage(
            "redis://pool:6379", implementation="redispy", key_prefix=f"ratelimit:{service}", connection_pool=pool
        )
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._default = Limit("default", default_rate)
        self._items: dict[Limit, RateLimitItem] = {}
        self._redis_again_at = 0.0

    async def spend(self, caller: str, limit: Limit | None = None) -> dict[str, str]:
        """Count one request of `caller` and return the headers that tell what is left.

        limit: None is the service's default. Raises TooManyRequests (429) when nothing is left.
        """
        if limit is UNLIMITED:
            return {}
        limit = limit or self._default
        item = self._items.get(limit) or self._items.setdefault(limit, limit.item)
        allowed, reset_at, remaining = await self._hit(item, limit.name, caller)
        wait_s = max(1, math.ceil(reset_at - time.time()))
        headers = {
            "RateLimit-Policy": f'"{limit.name}";q={item.amount};w={item.get_expiry()}',
            "RateLimit": f'"{limit.name}";r={remaining if allowed else 0};t={wait_s}',
        }
        if not allowed:
            detail = f"the limit of {item.amount} requests in {item.get_expiry()} seconds is used up; wait {wait_s} seconds"
            raise TooManyRequests(detail, headers={**headers, "Retry-After": str(wait_s)})
        return headers

    async def _hit(self, item: RateLimitItem, *key: str) -> tuple[bool, float, int]:
        """(whether it is allowed, when more is allowed, how much is left)."""
        if time.monotonic() >= self._redis_again_at:
            try:
                return await _hit(self._shared, item, *key)
            except BROKER_ERRORS as error:
                # Not asked again at once, or every request would wait for the connection to time out.
                self._redis_again_at = time.monotonic() + REDIS_PAUSE_S
                logger.warning("rate_limits_counted_locally", extra={"error": type(error).__name__})
        return await _hit(self._own, item, *key)


async def _hit(strategy: SlidingWindowCounterRateLimiter, item: RateLimitItem, *key: str) -> tuple[bool, float, int]:
    allowed = await strategy.hit(item, *key)
    stats = await strategy.get_window_stats(item, *key)
    return allowed, stats.reset_time, stats.remaining
