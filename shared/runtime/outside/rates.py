"""How many messages an account may be given per second, over all workers.

A token bucket per account in Redis (generic cell rate algorithm: one time stamp a key), filled at the account's ceiling. The
last tenth of a second's worth is kept for urgent messages, so that a campaign at full speed delays none of them. A process takes
places for a moment ahead, so that fast accounts are not asked about for each message.

An account that says that it was given too much gets half of what it was given in that second, and from when it takes messages
again a little more each second: after half a minute as much as was too much, and so on up to its ceiling (additive increase,
multiplicative decrease). So it does not meet the full flood again the moment its wait is over. Where a provider's own headers say
that nothing is left of its window, `circuits.py` closes the account until the next one. While Redis is away nothing is held back:
the provider's own limit remains.
"""

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import redis.asyncio as redis

from shared.runtime.outside.shared_state import SharedState

BURST_S: Final = 1.0
URGENT_SHARE: Final = 0.1
AHEAD_S: Final = 0.02
"""For how long a process takes places at once."""
KEPT_S: Final = 1.0
"""How long it may use them."""
RECOVERY_S: Final = 60.0
"""In which the pace grows by the rate that was too much."""
LONGEST_S: Final = 600.0
"""After which it is back at its ceiling at the latest."""
SLOWEST_SHARE: Final = 0.01
"""Of its ceiling an account is given at least: what it refused in a quiet second says little of what it would take."""
ONE_REFUSAL_S: Final = 1.0
"""Refusals within it are one: calls that were under way together are refused together."""
FORGET_S: Final = 7200

# What an account may be given now: its ceiling, or what it was slowed down to and has grown to since. `now` in ms is Redis' own.
# Fields of the pace: per_s, more (per second and second), since (ms); second, taken, before (places in this second and the one
# before, of which one is always whole).
_PACE: Final = """
local time = redis.call('TIME')
local now, ceiling = time[1] * 1000 + time[2] / 1000, tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'per_s', 'more', 'since', 'second', 'taken', 'before')
local per_s, since, second = ceiling, tonumber(known[3] or 0), math.floor(now / 1000)
if known[1] then per_s = math.min(ceiling, known[1] + known[2] * math.max(0, now - since) / 1000) end
local taken, before = 0, 0
if tonumber(known[4] or 0) == second then taken, before = tonumber(known[5]), tonumber(known[6])
elseif tonumber(known[4] or 0) == second - 1 then before = tonumber(known[5]) end
"""

# KEYS: the pace, the bucket. ARGV: the ceiling per second, the share of a second's burst, for how many seconds to take places.
# Answers how many were taken, and the ms to wait where that is none.
_TAKE: Final = f"""{_PACE}
local step = 1000 / per_s
local burst = math.max({BURST_S * 1000} * tonumber(ARGV[2]), step)
local at = math.max(now, tonumber(redis.call('GET', KEYS[2]) or now))
local free = math.floor((now + burst - at) / step + 1e-6)
if free < 1 then return {{0, tostring(at + step - now - burst)}} end
local places = math.min(free, math.max(1, math.floor(per_s * tonumber(ARGV[3]))))
at = at + step * places
redis.call('SET', KEYS[2], tostring(at), 'PX', math.ceil(at - now) + 1000)
redis.call('HSET', KEYS[1], 'second', second, 'taken', taken + places, 'before', before)
if redis.call('TTL', KEYS[1]) < 10 then redis.call('EXPIRE', KEYS[1], 60) end
return {{places, '0'}}
"""

# KEYS: the pace. ARGV: the ceiling per second, the seconds for which the account rests. Answers the new pace per second.
_SLOW: Final = f"""{_PACE}
local rests_until = now + tonumber(ARGV[2]) * 1000
local refused = tonumber(redis.call('HGET', KEYS[1], 'refused') or 0)
if now - refused > {ONE_REFUSAL_S * 1000} then
    local given = math.max(before, taken + before * (1 - now % 1000 / 1000))
    local too_much = math.max(ceiling * {SLOWEST_SHARE}, given > 0 and math.min(per_s, given) or per_s)
    per_s = too_much / 2
    redis.call('HSET', KEYS[1], 'more', math.max(too_much / {RECOVERY_S}, ceiling / {LONGEST_S}), 'refused', now)
end
redis.call('HSET', KEYS[1], 'per_s', tostring(per_s), 'since', math.max(since, rests_until))
redis.call('EXPIRE', KEYS[1], {FORGET_S} + math.ceil(tonumber(ARGV[2])))
return tostring(per_s)
"""


@dataclass(slots=True)
class _Ahead:
    """Places that this process has taken and not used. until: monotonic. turn: one asks at a time, for all."""

    places: int = 0
    until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rates:
    """The buckets of all accounts."""

    def __init__(self, client: "redis.Redis", service: str) -> None:
        self._redis = client
        self._prefix = f"providers:{service}:rate:"
        self._take = client.register_script(_TAKE)
        self._slow = client.register_script(_SLOW)
        self._ahead: dict[tuple[str, bool], _Ahead] = {}
        self._slowed_at: dict[str, float] = {}
        self._shared = SharedState()

    async def wait_s(self, account: str, per_s: float, *, urgent: bool) -> float:
        """Take one message's place, or say how long to wait before asking again. per_s: messages per second at most."""
        ahead = self._ahead.setdefault((account, urgent), _Ahead())
        async with ahead.turn:
            if ahead.places > 0 and time.monotonic() < ahead.until:
                ahead.places -= 1
                return 0.0
            places, wait_s = await self._places(account, per_s, urgent=urgent)
            ahead.places, ahead.until = max(0, places - 1), time.monotonic() + KEPT_S
            return wait_s

    async def slow(self, account: str, per_s: float, rests_s: float) -> None:
        """Give the account less from now on: it was given too much. per_s: its ceiling. rests_s: for how long it is closed."""
        now = time.monotonic()
        if now - self._slowed_at.get(account, -ONE_REFUSAL_S) < ONE_REFUSAL_S:
            return
        self._slowed_at[account] = now
        for urgent in (True, False):
            self._ahead.pop((account, urgent), None)
        await self._shared.ask(partial(self._slow, keys=[self._pace(account)], args=[per_s, rests_s]))

    async def _places(self, account: str, per_s: float, *, urgent: bool) -> tuple[int, float]:
        share = 1.0 if urgent else 1 - URGENT_SHARE
        keys = [self._pace(account), self._prefix + account]
        taken = await self._shared.ask(partial(self._take, keys=keys, args=[per_s, share, AHEAD_S]))
        return (int(taken[0]), float(taken[1]) / 1000) if taken is not None else (1, 0.0)

    def _pace(self, account: str) -> str:
        return f"{self._prefix}{account}:pace"
