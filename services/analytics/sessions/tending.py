"""Letting go of what has ended: sessions, refresh tokens, failed logins, revocations. Each portion is one transaction."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.analytics.revocations.mirroring import StandingMirror
from services.analytics.sessions.attempts_repository import AttemptRepository
from services.analytics.sessions.repository import SessionRepository
from services.analytics.signing_keys.repository import SigningKeyRepository
from shared.runtime.auth.standing_repository import StandingRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.operations.audit.repository import AuditLog

AT_ONCE: Final = 1000
ENDED_KEPT: Final = timedelta(days=90)
"""How long a session that has ended is shown."""
REFRESH_KEPT: Final = timedelta(days=30)
"""How long a used refresh token is known as one: until then a thief who comes late is told apart from a typing error."""
ATTEMPTS_KEPT: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Parts:
    """What works in one unit of work."""

    sessions: SessionRepository
    attempts: AttemptRepository
    standing: StandingRepository
    keys: SigningKeyRepository
    audit: AuditLog


class SessionTending:
    """Works in units of work of its own. What was done stays done, and done twice it is done once."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        parts: Callable[[Session], Parts],
        mirror: StandingMirror,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._parts = parts
        self._mirror = mirror
        self._clock = clock

    async def expired(self, slot: datetime | None) -> None:
        """End sessions that have reached their end, forget what nobody asks for any more, and mend the cache."""
        now = slot or self._clock()
        while await self._end_expired(now) == AT_ONCE:
            pass
        while await self._forget(now) >= AT_ONCE:
            pass
        await self._mirror.mend(now)

    async def abandoned(self, slot: datetime | None, unused_for: timedelta) -> None:
        """End sessions that nobody has gone on with for so long. Their tokens have expired long ago."""
        now = slot or self._clock()
        while await self._end_abandoned(now, now - unused_for) == AT_ONCE:
            pass

    async def _end_expired(self, now: datetime) -> int:
        async with self._unit_of_work() as session:
            sessions = self._parts(session).sessions
            return len(await sessions.end(await sessions.expired(now, AT_ONCE), "expired", now))

    async def _end_abandoned(self, now: datetime, before: datetime) -> int:
        async with self._unit_of_work() as session:
            parts = self._parts(session)
            ended = await parts.sessions.end(await parts.sessions.abandoned(before, AT_ONCE), "abandoned", now)
            if ended:
                await parts.audit.write("access.sessions_abandoned", "sessions", "nobody went on with them", count=len(ended))
            return len(ended)

    async def _forget(self, now: datetime) -> int:
        async with self._unit_of_work() as session:
            parts = self._parts(session)
            await parts.keys.forget_private_halves()
            before = {"refresh_before": now - REFRESH_KEPT, "ended_before": now - ENDED_KEPT}
            forgotten = await parts.sessions.forget(**before, most=AT_ONCE)
            forgotten += await parts.attempts.forget(now - ATTEMPTS_KEPT, AT_ONCE)
            return forgotten + await parts.standing.forget(now, AT_ONCE)
