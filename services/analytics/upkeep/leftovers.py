"""Keys of the broker that nobody owns any more: answers without an end, boxes of clients that are gone, slots of dead workers.

What is in hand of workers that are gone (`unacked:*`) is counted and left alone: it may be the only copy of what a plain Celery
client has sent, and the next worker of the same lanes takes it up.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import redis.asyncio as redis

from shared.contracts.lanes import LANES
from shared.runtime.broker import result_key, slots_key

AT_ONCE: Final = 500
MOST: Final = 10_000
"""Boxes that are remembered from one look to the next."""

_REPLIES: Final = "*.reply.celery.pidbox"
_SLOTS: Final = slots_key("*")
_UNACKED: Final = "unacked:*"
NO_END: Final = -1


@dataclass(slots=True)
class Found:
    """What was removed, and what the next look has to know. boxes: replies that nobody has fetched yet."""

    answers: int = 0
    reply_boxes: int = 0
    slots: int = 0
    boxes: list[str] = field(default_factory=list)
    orphaned: dict[str, int] = field(default_factory=dict)


class Leftovers:
    """Looks at keys by name and length, and removes what is left."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    async def sweep(self, known_boxes: Collection[str], now: datetime) -> Found:
        """Remove what nobody owns. known_boxes: of the look before. Who waits for a reply waits seconds, and not hours."""
        found = Found()
        found.answers = await self._remove(await self._without_end(result_key("*")))
        boxes = await self._without_end(_REPLIES)
        old = [box for box in boxes if box.decode() in known_boxes]
        found.reply_boxes = await self._remove(old)
        found.boxes = [box.decode() for box in boxes if box not in set(old)][:MOST]
        found.slots = await self._expire_slots(now)
        found.orphaned = await self._orphaned(now)
        return found

    async def _without_end(self, pattern: str) -> list[bytes]:
        names = [name async for name in self._redis.scan_iter(pattern, count=1000)]
        endless: list[bytes] = []
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            async with self._redis.pipeline(transaction=False) as pipe:
                for name in part:
                    pipe.ttl(name)
                left = await pipe.execute()
            endless += [name for name, seconds in zip(part, left, strict=True) if seconds == NO_END]
        return endless

    async def _remove(self, names: list[bytes]) -> int:
        removed = 0
        for start in range(0, len(names), AT_ONCE):
            removed += int(await self._redis.unlink(*names[start : start + AT_ONCE]))
        return removed

    async def _expire_slots(self, now: datetime) -> int:
        """Workers that have not renewed their slots; and lanes that there are no more."""
        removed = 0
        async for name in self._redis.scan_iter(_SLOTS, count=1000):
            if name.decode(errors="replace").partition(":")[2] not in LANES:
                removed += int(await self._redis.unlink(name))
            else:
                removed += int(await self._redis.zremrangebyscore(name, "-inf", now.timestamp()))
        return removed

    async def _orphaned(self, now: datetime) -> dict[str, int]:
        """Deliveries in hand of groups of workers that nobody belongs to, by group."""
        orphaned: dict[str, int] = {}
        async for name in self._redis.scan_iter(_UNACKED, count=1000):
            group = name.decode(errors="replace")
            if group.endswith((":index", ":mutex")):
                continue
            lanes = _lanes_of(group)
            alive = [int(await self._redis.zcount(slots_key(lane), now.timestamp(), "+inf")) for lane in lanes]
            if not any(alive) and (count := int(await self._redis.hlen(name))):
                orphaned[group] = count
        return orphaned


def _lanes_of(group: str) -> list[str]:
    """`unacked:<service>:<all, or lanes with + between>`, as workers name what they have in hand."""
    _, _, rest = group.partition(":")
    service, _, part = rest.partition(":")
    own = [lane for lane in LANES if lane.startswith(f"{service}.")]
    return own if part == "all" else [f"{service}.{lane}" for lane in part.split("+") if f"{service}.{lane}" in LANES]
