"""What the broker holds: how much, never what. It may be away."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import redis.asyncio as redis

from shared.contracts.lanes import LANES
from shared.runtime.broker import BROKER_ERRORS, slots_key, slots_of
from shared.runtime.clock import Clock

BUDGET_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class InBroker:
    """deliveries, slots, workers: by lane. Deliveries hold one message or many."""

    deliveries: dict[str, int]
    slots: dict[str, int]
    workers: dict[str, list[str]]


class LanesInBroker:
    """Looks with one round trip, and no broadcast."""

    def __init__(self, client: "redis.Redis", clock: Clock) -> None:
        self._redis = client
        self._clock = clock

    async def look(self) -> InBroker | None:
        """None while the broker does not answer."""
        try:
            async with asyncio.timeout(BUDGET_S):
                return await self._look()
        except BROKER_ERRORS:
            return None

    async def _look(self) -> InBroker:
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in LANES:
                pipe.llen(name)
                pipe.zrangebyscore(slots_key(name), self._clock().timestamp(), "+inf")
            answers: list[Any] = await pipe.execute()
        members = dict(zip(LANES, answers[1::2], strict=True))
        return InBroker(
            deliveries=dict(zip(LANES, answers[::2], strict=True)),
            slots={lane: sum(map(slots_of, found)) for lane, found in members.items()},
            workers={
                lane: [one.rpartition(b"=")[0].decode(errors="replace") for one in found] for lane, found in members.items()
            },
        )
