"""Bringing what Redis says of revocations and suspensions to what the tables say.

Redis is written after the commit that decides. A process that ends in between, a Redis that was away or was set back to an older
state leave it behind; then this puts it right, whoever runs it and however often.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.contracts.analytics import Revocation
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.standing_repository import StandingReader
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, is_away

PAGE: Final = 1000
EVERY_S: Final = 5.0
SHARE: Final = 20
"""It takes a twentieth of the time at most: with very many revocations it comes less often."""

Read = Callable[[], AbstractAsyncContextManager[ReadSession]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """live: revocations of the tables that refuse something. different: those that Redis had otherwise, which it now has.

    suspensions: organizations of which Redis has said something else.
    """

    live: int = 0
    different: int = 0
    suspensions: int = 0


class StandingMirror:
    """Reads in pages, each in a transaction of its own."""

    def __init__(self, read: Read, cache: RevocationCache, clock: Clock) -> None:
        self._read = read
        self._cache = cache
        self._clock = clock

    async def mend(self, at: datetime | None = None) -> Mirrored:
        """One pass over all of them. What is over by `at` is left out. While Redis is away nothing is different."""
        now, live, different = at or self._clock(), 0, 0
        async for page in self._live(now):
            lacking = await self._cache.lacking(page)
            await self._cache.put(lacking, now)
            live, different = live + len(page), different + len(lacking)
        suspensions = 0
        async for ids in self._organizations():
            said = await self._cache.suspensions(ids)
            # Read after Redis was asked: an entry that was there by then is of a commit that is seen now.
            async with self._read() as session:
                suspended = await StandingReader(session).suspended(ids)
            wrong = {one: suspended.get(one, 0) for one in ids if said is not None and said[one] != suspended.get(one, 0)}
            await self._cache.suspend({one: version for one, version in wrong.items() if version})
            await self._cache.resume([one for one, version in wrong.items() if not version])
            suspensions += len(wrong)
        return Mirrored(live, different, suspensions)

    async def keep(self, stop: asyncio.Event, every_s: float) -> None:
        """A pass every so many seconds until `stop` is set."""
        took_s = 0.0
        while not await _is_set_within(stop, max(every_s, SHARE * took_s)):
            began, found = time.monotonic(), Mirrored()
            try:
                found = await self.mend()
            except Exception as error:  # the next pass does it all anew; one that fails must not be the last
                logger.warning("standing_not_mirrored", exc_info=None if is_away(error) else error)
            took_s = time.monotonic() - began
            if found.different or found.suspensions:
                logger.info("standing_mirrored", extra={"revocations": found.different, "suspensions": found.suspensions})

    async def _live(self, now: datetime) -> AsyncIterator[Sequence[Revocation]]:
        after = ("", "")
        while True:
            async with self._read() as session:
                page = await StandingReader(session).live(now, after=after, limit=PAGE)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = (page[-1].kind, page[-1].key)

    async def _organizations(self) -> AsyncIterator[Sequence[UUID]]:
        after = UUID(int=0)
        while True:
            async with self._read() as session:
                page = await StandingReader(session).organization_ids(after=after, limit=PAGE)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1]


async def _is_set_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False
