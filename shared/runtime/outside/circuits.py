"""Breakers: accounts that are left alone for a while, known to all workers.

An account closes where what a call found says so (it is away, throttles us, refuses our login), where half of what it was given
in a minute has failed, or ten in a row; what takes longer than ten seconds has failed in this sense, since it keeps others
waiting. When its time is over it is tried again, and the first failures close it again for twice as long, up to five minutes.
Retries have a budget, so that they never make an outage worse: a tenth of the calls of that minute, and ten. Redis holds what is
shared. While it is away each process knows what it has met itself, and no more.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import redis.asyncio as redis

from shared.runtime.outside.shared_state import SharedState

logger = logging.getLogger(__name__)

WINDOW_S: Final = 60
MIN_CALLS: Final = 10
FAILING_SHARE: Final = 0.5
FAILING_S: Final = 15.0
LONGEST_S: Final = 300.0
SLOW_S: Final = 10.0
FRESH_S: Final = 0.5
"""How old what a process has read, and what it has counted and not told, may be."""
FORGET_S: Final = 900
LEAST_RETRIES: Final = 10
RETRY_SHARE: Final = 0.1
REFUSED: Final = "config"
"""Why an account is closed that refuses our login or our sender: no waiting heals it."""

# KEYS: the account's circuit, the set of closed accounts by the ms until when. ARGV: seconds to close for (0: by the share of
# failures), why, calls, failures, the account, what timers are shrunk by. Fields: until (ms), since (ms), why, last_s, window
# (ms), calls, failures, streak (failures since the last success). Times are Redis' own, so that no clock of ours counts. Answers
# for how many ms it is closed, since how many ms, and why.
_TELL: Final = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local close_s, why = tonumber(ARGV[1]), ARGV[2]
local calls, failures, factor = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local known = redis.call('HMGET', KEYS[1], 'until', 'since', 'last_s', 'window', 'calls', 'failures', 'streak')
local closed_until, since, last_s = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
local window = tonumber(known[4] or 0)
local all_calls, all_failures = tonumber(known[5] or 0), tonumber(known[6] or 0)
if now - window > {WINDOW_S * 1000} then
    window, all_calls, all_failures = now, 0, 0
    redis.call('HDEL', KEYS[1], 'retries')
end
all_calls, all_failures = all_calls + calls, all_failures + failures
local streak = calls > failures and failures or tonumber(known[7] or 0) + failures
local probing = last_s > 0 and now >= closed_until
if probing and calls > 0 and failures == 0 then
    last_s, since, all_calls, all_failures = 0, 0, calls, 0
    redis.call('HDEL', KEYS[1], 'why')
    redis.call('ZREM', KEYS[2], ARGV[5])
end
local enough = probing and 1 or {MIN_CALLS}
local many = all_calls >= enough and all_failures >= {FAILING_SHARE} * all_calls
if close_s == 0 and failures > 0 and now >= closed_until and (many or streak >= enough) then
    close_s = math.min({LONGEST_S} * factor, last_s > 0 and last_s * 2 or {FAILING_S} * factor)
    why = 'failing'
end
if close_s > 0 then
    if since == 0 then since = now end
    closed_until = math.max(closed_until, now + close_s * 1000)
    last_s, all_calls, all_failures, window, streak = close_s, 0, 0, now, 0
    redis.call('HSET', KEYS[1], 'why', why)
    redis.call('ZADD', KEYS[2], closed_until, ARGV[5])
end
redis.call('HSET', KEYS[1], 'until', closed_until, 'since', since, 'last_s', last_s,
           'window', window, 'calls', all_calls, 'failures', all_failures, 'streak', streak)
redis.call('EXPIRE', KEYS[1], math.ceil(math.max(0, closed_until - now) / 1000) + {FORGET_S})
return {{tostring(closed_until - now), tostring(now - since), redis.call('HGET', KEYS[1], 'why') or ''}}
"""

# KEYS: the account's circuit. Answers 1 where one more retry fits into the budget of the window, and takes it.
_RETRY: Final = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'window', 'calls', 'retries')
local window, calls, retries = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
if now - window > {WINDOW_S * 1000} then
    calls, retries = 0, 0
    redis.call('HSET', KEYS[1], 'window', now, 'calls', 0, 'failures', 0)
end
if retries + 1 > {LEAST_RETRIES} + {RETRY_SHARE} * calls then return 0 end
redis.call('HSET', KEYS[1], 'retries', retries + 1)
if redis.call('TTL', KEYS[1]) < {FORGET_S} then redis.call('EXPIRE', KEYS[1], {FORGET_S}) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one call says of its account.

    failed: nothing came of it. took_s: how long it took. closes_s: for how long the account is to be left alone; 0.0 where the
    call does not say so. why: in a word, for people.
    """

    failed: bool
    took_s: float = 0.0
    closes_s: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a call finds it.

    closed_s: seconds for which it takes nothing; 0.0 when it is open. closed_since_s: for how long it has been so, without a
    break. refuses_us: it is closed because our login, or our sender, is wrong.
    """

    name: str
    closed_s: float = 0.0
    closed_since_s: float = 0.0
    refuses_us: bool = False


@dataclass(slots=True)
class _Circuit:
    """closed_until, since: on this process's monotonic clock."""

    closed_until: float = 0.0
    since: float = 0.0
    why: str = ""


class Circuits:
    """The breakers of all accounts, as one process sees them. time_factor: shrinks for how long what fails is left alone."""

    def __init__(self, client: "redis.Redis", service: str, *, time_factor: float = 1.0) -> None:
        self._redis = client
        self._time_factor = time_factor
        self._prefix = f"providers:{service}:circuit:"
        self._closed = closed_key(service)
        self._known: dict[str, _Circuit] = {}
        self._read_at: dict[str, float] = {}
        self._told_at = 0.0
        self._counts: dict[str, list[int]] = {}
        self._tell = client.register_script(_TELL)
        self._retry = client.register_script(_RETRY)
        self._shared = SharedState()

    def standing(self, account: str) -> Standing:
        """How an account stands, as far as this process knows."""
        circuit, now = self._known.get(account), time.monotonic()
        if circuit is None or circuit.closed_until <= now:
            return Standing(account)
        return Standing(account, circuit.closed_until - now, now - circuit.since, circuit.why == REFUSED)

    async def refresh(self, accounts: Iterable[str]) -> None:
        """Learn what other processes have met, unless it was asked for a moment ago."""
        now = time.monotonic()
        wanted = sorted(one for one in set(accounts) if now - self._read_at.get(one, -FRESH_S) >= FRESH_S)
        if not wanted:
            return
        self._read_at |= dict.fromkeys(wanted, now)
        answers = await self._shared.ask(partial(self._read, wanted))
        for account, found in zip(wanted, answers, strict=True) if answers is not None else ():
            self._learn(account, found)

    async def _read(self, accounts: Sequence[str]) -> list[Any]:
        """Each as _TELL answers it."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            for account in accounts:
                pipe.hmget(self._prefix + account, "until", "since", "why")
            (seconds, micros), *found = await pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        return [(float(until or 0) - now_ms, now_ms - float(since or 0), why) for until, since, why in found]

    async def report(self, account: str, finding: Finding) -> None:
        """Count one call. What closes an account, and what fails, is told at once."""
        if finding.closes_s > 0:
            self._close(account, finding.closes_s, finding.why)
            logger.warning("provider_left_alone", extra={"account": account, "verdict": finding.why})
            await self._send(account, finding.closes_s, finding.why, 1, 1)
            return
        counts = self._counts.setdefault(account, [0, 0])
        counts[0] += 1
        counts[1] += finding.failed or finding.took_s > SLOW_S
        if counts[1] or account in self._known or time.monotonic() - self._told_at > FRESH_S:
            await self.flush()

    async def take_retry(self, account: str) -> bool:
        """Take one retry of the account's budget. False where it is used up, and while Redis is away, because nobody counts
        then."""
        await self.flush()
        return bool(await self._shared.ask(partial(self._retry, keys=[self._prefix + account])))

    async def flush(self) -> None:
        """Tell what has been counted."""
        counts, self._counts, self._told_at = self._counts, {}, time.monotonic()
        for account, (calls, failures) in counts.items():
            await self._send(account, 0.0, "", calls, failures)

    async def _send(self, account: str, close_s: float, why: str, calls: int, failures: int) -> None:
        arguments: Sequence[Any] = [close_s, why, calls, failures, account, self._time_factor]
        found = await self._shared.ask(partial(self._tell, keys=[self._prefix + account, self._closed], args=arguments))
        if found is not None:
            self._learn(account, found)

    def _close(self, account: str, close_s: float, why: str) -> None:
        circuit, now = self._known.setdefault(account, _Circuit()), time.monotonic()
        circuit.since = circuit.since if circuit.closed_until > now else now
        circuit.closed_until = max(circuit.closed_until, now + close_s)
        circuit.why = why

    def _learn(self, account: str, found: Sequence[Any]) -> None:
        closed_ms, since_ms, now = float(found[0]), float(found[1]), time.monotonic()
        if closed_ms <= 0:
            self._known.pop(account, None)
            return
        self._known[account] = _Circuit(now + closed_ms / 1000, now - since_ms / 1000, _text(found[2]))

    async def states(self, accounts: Iterable[str]) -> Mapping[str, Standing]:
        """How accounts stand, for people."""
        names = list(accounts)
        self._read_at.clear()
        await self.refresh(names)
        return {name: self.standing(name) for name in names}


def closed_key(service: str) -> str:
    """Where it stands which accounts are closed, by the ms until when; some of them are open again."""
    return f"providers:{service}:closed"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
