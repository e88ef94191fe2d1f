"""How many messages an account may be given per second, over all workers.

A token bucket per account in Redis (generic cell rate algorithm: one time stamp a key), filled at the configured ceiling. The
last tenth of a second's worth is kept for urgent messages, so that a campaign at full speed delays none of them. Where a
provider's own headers say that nothing is left of its window, `circuits.py` closes the account until the next one. While Redis
is away nothing is held back: the provider's own limit remains.
"""

from functools import partial
from typing import Final

import redis.asyncio as redis

from shared.runtime.outside.shared_state import SharedState

BURST_S: Final = 1.0
URGENT_SHARE: Final = 0.1

# KEYS: the bucket. ARGV: ms per message, burst in ms. Answers the ms to wait; takes one where that is 0. The time is Redis' own.
_TAKE: Final = """
local time = redis.call('TIME')
local now, step, burst = time[1] * 1000 + time[2] / 1000, tonumber(ARGV[1]), tonumber(ARGV[2])
local at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
local wait = at + step - now - burst
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], tostring(at + step), 'PX', math.ceil(at + step - now) + 1000)
return '0'
"""


class Rates:
    """The buckets of all accounts."""

    def __init__(self, client: "redis.Redis", service: str) -> None:
        self._redis = client
        self._prefix = f"providers:{service}:rate:"
        self._take = client.register_script(_TAKE)
        self._shared = SharedState()

    async def wait_s(self, account: str, per_s: float, *, urgent: bool) -> float:
        """Take one message's place, or say how long to wait before asking again. per_s: messages per second at most."""
        step_ms = 1000 / per_s
        burst_ms = max(BURST_S * 1000 * (1.0 if urgent else 1 - URGENT_SHARE), step_ms)
        arguments = [step_ms, burst_ms]
        waited = await self._shared.ask(partial(self._take, keys=[self._prefix + account], args=arguments))
        return float(waited) / 1000 if waited is not None else 0.0
