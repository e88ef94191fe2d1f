"""Whether somebody who shows a good token is still let in, and API keys that the analytics service has given out.

The answer stands in tables of the service's own, which events keep (`projections.py`), so that a broker that was wiped and an
analytics service that is away change nothing. Redis is asked besides, where revocations, of API keys too, and suspensions are
before their event has come. One answer is believed for a second in each process, and whoever asks while it is being looked up
waits for the same one. While the database is away, the last one counts for half a minute, and then nobody is let in whose
standing cannot be looked up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

from shared.runtime.auth.api_keys import ApiKey
from shared.runtime.auth.principal import TokenFacts
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.standing_repository import StandingReader
from shared.runtime.db import ReadSession, is_away
from shared.runtime.errors import Forbidden, Unauthenticated, Unavailable

BELIEVED_S: Final = 1.0
TRUSTED_S: Final = 30.0
MOST: Final = 10_000
"""How many answers are remembered before all are forgotten."""

T = TypeVar("T")


class OrganizationSuspended(Forbidden):
    code, title = "organization_suspended", "The organization is suspended"


_NEVER: Final[tuple[float, Any]] = (float("-inf"), None)


class Standing:
    """Looks it up for one process. read: opens a session on the service's own schema."""

    def __init__(
        self, read: Callable[[], AbstractAsyncContextManager[ReadSession]], cache: RevocationCache, time_factor: float = 1.0
    ) -> None:
        self._read = read
        self._cache = cache
        self._believed_s = BELIEVED_S * time_factor
        self._trusted_s = TRUSTED_S * time_factor
        self._known: dict[Any, tuple[float, Any]] = {}
        self._asked: dict[Any, asyncio.Task[Any]] = {}

    async def check(self, token: TokenFacts) -> None:
        """Raises Unauthenticated for a revoked token, OrganizationSuspended, and Unavailable where nobody can tell."""
        revoked, suspended = await self._ask(token, lambda reader: self._look_up(reader, token))
        if revoked:
            raise Unauthenticated("the token was revoked; log in again, or ask for a new one")
        if suspended:
            raise OrganizationSuspended("the organization was suspended; whoever runs this installation can let it in again")

    async def find(self, key_id: str) -> ApiKey | None:
        """An API key that is not revoked. Raises Unavailable where nobody can tell."""
        return await self._ask(key_id, lambda reader: reader.key(key_id))

    def has_given(self, key_id: str) -> bool:
        """Whether it has found this API key."""
        return key_id in self._known

    def forget(self) -> None:
        """Look everything up anew: something has just been changed here."""
        self._known.clear()
        self._asked.clear()

    async def _look_up(self, reader: StandingReader, token: TokenFacts) -> tuple[bool, bool]:
        revoked, suspended, version = await reader.of_token(token)
        # The event may still be on its way, or wait for a worker that stands still.
        revoked = revoked or await self._cache.holds(token.keys(), token.issued_at)
        if token.organization_id is not None and not suspended:
            suspended = await self._cache.suspended_in(token.organization_id) > version
        return revoked, suspended

    async def _ask(self, what: Any, ask: Callable[[StandingReader], Awaitable[T]]) -> T:
        at: float
        answer: T
        at, answer = self._known.get(what, _NEVER)
        now = time.monotonic()
        if now - at < self._believed_s:
            return answer
        try:
            return await self._asked_once(what, ask)
        except Exception as error:
            if not is_away(error):
                raise
            if now - at < self._trusted_s:
                return answer
            raise Unavailable(
                "whether these credentials were revoked cannot be looked up now; try again", headers={"Retry-After": "5"}
            ) from error

    async def _asked_once(self, what: Any, ask: Callable[[StandingReader], Awaitable[T]]) -> T:
        """Under load, dozens of requests come while one looks up: each of its own would cost what an answer's second saves."""
        asked: asyncio.Task[T] | None = self._asked.get(what)
        if asked is None:
            asked = self._asked[what] = asyncio.create_task(self._read_anew(what, ask))
        # Whoever is cancelled leaves the others their answer.
        return await asyncio.shield(asked)

    async def _read_anew(self, what: Any, ask: Callable[[StandingReader], Awaitable[T]]) -> T:
        own, now = asyncio.current_task(), time.monotonic()
        try:
            async with self._read() as session:
                answer = await ask(StandingReader(session))
            if self._asked.get(what) is own:
                # Else it was forgotten meanwhile, and may be older than what has made that so.
                self._remember(what, now, answer)
            return answer
        finally:
            if self._asked.get(what) is own:
                del self._asked[what]

    def _remember(self, what: Any, now: float, answer: Any) -> None:
        if len(self._known) >= MOST:
            self._known.clear()
        if answer is not None:
            self._known[what] = (now, answer)
