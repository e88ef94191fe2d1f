"""The breakers of outside providers, which all workers share in the broker (`shared.runtime.outside.circuits`)."""

from dataclasses import dataclass
from typing import Final

import redis.asyncio as redis

from shared.runtime.outside.circuits import REFUSED

PATTERN: Final = "providers:*:circuit:*"
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Breaker:
    """One account outside. closed_s: for how long it is left alone; 0.0 when it takes what comes."""

    service: str
    account: str
    closed_s: float
    closed_since_s: float
    refuses_us: bool


async def breakers(client: "redis.Redis") -> list[Breaker]:
    """All that workers have met lately. Raises what the broker raises."""
    names = sorted([key async for key in client.scan_iter(PATTERN, count=1000)])[:MOST]
    if not names:
        return []
    async with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for name in names:
            pipe.hmget(name, "until", "since", "why")
        (seconds, micros), *found = await pipe.execute()
    now_ms = seconds * 1000 + micros // 1000
    return [_breaker(name.decode(), now_ms, *fields) for name, fields in zip(names, found, strict=True)]


def _breaker(key: str, now_ms: int, until: bytes | None, since: bytes | None, why: bytes | None) -> Breaker:
    _, service, _, account = key.split(":", 3)
    closed_s = max(0.0, (float(until or 0) - now_ms) / 1000)
    since_s = (now_ms - float(since)) / 1000 if closed_s and since else 0.0
    return Breaker(service, account, closed_s, since_s, refuses_us=bool(closed_s) and (why or b"").decode() == REFUSED)
