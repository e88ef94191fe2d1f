"""Lanes in the broker, which may be away."""

import time

import redis.asyncio as redis

from shared.contracts.lanes import LANES
from shared.runtime import broker

Counts = dict[str, tuple[int | None, int | None]]


async def look(client: "redis.Redis") -> Counts:
    """For each lane its deliveries and its workers' slots; (None, None) while the broker is away."""
    try:
        async with client.pipeline(transaction=False) as pipe:
            for name in LANES:
                pipe.llen(name)
                pipe.zrangebyscore(broker.slots_key(name), time.time(), "+inf")
            answers = await pipe.execute()
    except broker.BROKER_ERRORS:
        return dict.fromkeys(LANES, (None, None))
    slots = [sum(map(broker.slots_of, members)) for members in answers[1::2]]
    return dict(zip(LANES, zip(answers[::2], slots, strict=True), strict=True))
