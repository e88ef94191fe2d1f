"""Answers that are kept in Redis as long as what they were worked out of has not changed.

Each has the generation of its figures with it, so whoever finds another one knows that it is old. Then one of all who ask works
it out anew, under a lock, and the others take the old answer meanwhile, with the age that it says it has. A new form of answers
is a new VERSION, and so other keys. While Redis is away everybody works out for themselves.
"""

import asyncio
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
import redis.asyncio as redis

from shared.runtime.clock import Clock
from shared.runtime.outside.shared_state import SharedState

VERSION: Final = 2
KEPT_S: Final = 900
STALE_S: Final = 120.0
"""For how long an answer of an earlier generation is good enough while another one is made."""
LOCK_MS: Final = 5000
WAIT_S: Final = 0.5
"""How long somebody who finds no answer at all waits for whoever makes it."""
POLL_S: Final = 0.02
MOST_BYTES: Final = 256_000
"""Of one answer, packed."""
MOST_BYTES_TOGETHER: Final = 64_000_000
"""Of all that is kept within KEPT_S. It lies in the broker, which nobody's questions may fill."""
MOST_NAMES: Final = 10_000

# Only whoever holds the lock may give it back: it may have run out, and be another's.
_UNLOCK: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer. generation: of the figures that it was worked out of. as_of: how old they say they are. made_at: when it was."""

    generation: str
    as_of: datetime | None
    made_at: datetime
    body: bytes


class AnswerCache:
    """Those of one kind, for one process."""

    def __init__(self, client: "redis.Redis", service: str, kind: str, clock: Clock) -> None:
        self._redis = client
        self._clock = clock
        self._prefix = f"cache:{service}:{kind}:v"
        self._asked = f"cache:{service}:{kind}:asked"
        self._unlock = client.register_script(_UNLOCK)
        self._shared = SharedState()

    async def answer(self, name: str, generation: str, as_of: datetime | None, make: Callable[[], Awaitable[bytes]]) -> Kept:
        """The answer of that name, of that generation or not much older. make: works it out."""
        until = time.monotonic() + WAIT_S
        while True:
            found = await self.look(name)
            if found is not None and found.generation == generation:
                return found
            token = await self._take_turn(name)
            if token is not None:
                break
            if found is not None and (self._clock() - found.made_at).total_seconds() <= STALE_S:
                return found
            if time.monotonic() > until:
                return Kept(generation, as_of, self._clock(), await make())
            await asyncio.sleep(POLL_S)
        try:
            made = Kept(generation, as_of, self._clock(), await make())
            await self.keep(name, made)
        finally:
            if token:
                await self._shared.ask(partial(self._unlock, keys=[self._lock(name)], args=[token]))
        return made

    async def look(self, name: str) -> Kept | None:
        """What is kept under a name, and a note that it was asked for."""
        found: Any = await self._shared.ask(partial(self._get_and_note, name))
        return _kept(found) if found is not None else None

    async def keep(self, name: str, kept: Kept) -> None:
        """Keep an answer, unless it is too large to be worth it, or enough is kept."""
        body = zlib.compress(kept.body, 1)
        if len(body) > MOST_BYTES or not await self._shared.ask(partial(self._has_room, len(body))):
            return
        head = orjson.dumps({"generation": kept.generation, "as_of": kept.as_of, "made_at": kept.made_at})
        await self._shared.ask(partial(self._redis.set, self._key(name), head + b"\n" + body, ex=KEPT_S))

    async def names(self, since: datetime) -> list[str]:
        """What was asked for since then, the latest first."""
        found: Any = await self._shared.ask(partial(self._redis.zrevrangebyscore, self._asked, "+inf", since.timestamp()))
        return [one.decode() for one in found or ()]

    async def several(self, names: Sequence[str]) -> dict[str, Kept]:
        """What is kept under these names; nobody has asked for it."""
        if not names:
            return {}
        found: Any = await self._shared.ask(partial(self._redis.mget, [self._key(name) for name in names]))
        kept = {name: _kept(one) for name, one in zip(names, found or (), strict=False) if one is not None}
        return {name: one for name, one in kept.items() if one is not None}

    async def drop(self, names: Sequence[str]) -> None:
        """Keep these no longer."""
        if names:
            await self._shared.ask(partial(self._redis.delete, *(self._key(name) for name in names)))
            await self._shared.ask(partial(self._redis.zrem, self._asked, *names))

    async def sweep(self, before: datetime) -> int:
        """Forget the names that nobody has asked for since then; their answers have run out. Returns how many those were."""
        old: Any = await self._shared.ask(partial(self._redis.zremrangebyscore, self._asked, "-inf", before.timestamp()))
        return int(old or 0)

    async def _get_and_note(self, name: str) -> bytes | None:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.get(self._key(name))
            pipe.zadd(self._asked, {name: self._clock().timestamp()})
            found, _ = await pipe.execute()
        return found if isinstance(found, bytes) else None

    async def _has_room(self, size: int) -> bool:
        """Whether so many bytes more may be kept in this stretch of time. What it has by then is gone after the next one."""
        stretch = f"{self._prefix}{VERSION}:bytes:{int(self._clock().timestamp()) // KEPT_S}"
        kept = int(await self._redis.incrby(stretch, size))
        if kept == size:
            await self._redis.expire(stretch, 2 * KEPT_S)
        return kept <= MOST_BYTES_TOGETHER

    async def _take_turn(self, name: str) -> str | None:
        """A token for whoever is to work it out, empty where nobody can tell who else does; None for all others."""
        token = secrets.token_hex(8)
        taken: Any = await self._shared.ask(partial(self._try_lock, name, token))
        if taken is None:
            return ""
        return token if taken else None

    async def _try_lock(self, name: str, token: str) -> bool:
        return bool(await self._redis.set(self._lock(name), token, nx=True, px=LOCK_MS))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{VERSION}:{name}"

    def _lock(self, name: str) -> str:
        return f"{self._prefix}{VERSION}:lock:{name}"


def _kept(value: bytes) -> Kept | None:
    """An answer as it lies in Redis; None for what was never one of ours."""
    head, _, body = value.partition(b"\n")
    try:
        told = orjson.loads(head)
        as_of = datetime.fromisoformat(told["as_of"]) if told["as_of"] else None
        made_at = datetime.fromisoformat(told["made_at"])
        return Kept(str(told["generation"]), as_of, made_at, zlib.decompress(body))
    except (ValueError, TypeError, KeyError, zlib.error):
        return None
