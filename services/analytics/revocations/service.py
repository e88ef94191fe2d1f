"""Refusing tokens before they expire: written here, and told to every service in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from shared.contracts.analytics import Revocation, TokensRevoked
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.standing_repository import StandingRepository
from shared.runtime.clock import Clock
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import Publisher

FOR_GOOD: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""Of what never gets a good token again."""
LONGEST: Final = timedelta(days=1)
"""The longest that a token of an issuer of ours is good: those that `waybill token` makes."""
KEY_REFUSED: Final = timedelta(days=365)
"""How long what is good for good is refused besides by its own event: longer than any worker stands still."""
_AT_ONCE: Final = 100


class Revoking:
    """Works in one unit of work. tokens_for: how long an operator's token is good, with leeway."""

    def __init__(
        self,
        standing: StandingRepository,
        cache: RevocationCache,
        publisher: Publisher,
        audit: AuditLog,
        clock: Clock,
        *,
        tokens_for: timedelta,
        after_commit: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self._after_commit = after_commit
        self._standing = standing
        self._cache = cache
        self._publisher = publisher
        self._audit = audit
        self._clock = clock
        self._tokens_for = tokens_for

    async def sessions(self, session_ids: Sequence[UUID]) -> None:
        """All tokens of these sessions."""
        await self._refuse([self._revocation("session", str(one), self._tokens_for) for one in session_ids])

    async def token(self, token_id: str, expires_at: datetime, reason: str) -> None:
        """One token."""
        await self._refuse([Revocation(kind="token", key=token_id, issued_until=FOR_GOOD, expires_at=expires_at)])
        await self._audit.write("access.token_revoked", f"token:{token_id}", reason)

    async def subject(self, subject: str, issued_until: datetime | None, reason: str) -> None:
        """All tokens about somebody that were issued until then, by whatever issuer."""
        until = issued_until or self._clock()
        expires_at = max(until, self._clock()) + LONGEST
        await self._refuse([Revocation(kind="subject", key=subject, issued_until=until, expires_at=expires_at)])
        await self._audit.write("access.subject_revoked", subject, reason)

    async def key(self, kid: str, reason: str) -> None:
        """All that a signing key has signed, and will sign."""
        await self._refuse([self._revocation("key", kid, KEY_REFUSED)])
        await self._audit.write("access.key_revoked", f"key:{kid}", reason)

    async def api_key(self, key_id: str, expires_at: datetime | None) -> None:
        """An API key, before `analytics.api_key_changed` has come: a service whose worker stands still refuses it, too."""
        now = self._clock()
        until = min(expires_at or FOR_GOOD, now + KEY_REFUSED)
        await self._keep([Revocation(kind="subject", key=f"api_key:{key_id}", issued_until=FOR_GOOD, expires_at=until)])

    def _revocation(self, kind: Literal["session", "key"], key: str, lasts: timedelta) -> Revocation:
        return Revocation(kind=kind, key=key, issued_until=FOR_GOOD, expires_at=self._clock() + lasts)

    async def _refuse(self, revocations: Sequence[Revocation]) -> None:
        if not revocations:
            return
        for start in range(0, len(revocations), _AT_ONCE):
            self._publisher.publish(TokensRevoked(revocations=tuple(revocations[start : start + _AT_ONCE])))
        await self._keep(revocations)

    async def _keep(self, revocations: Sequence[Revocation]) -> None:
        await self._standing.revocations(revocations)
        self._after_commit(lambda: self._cache.put(revocations, self._clock()))
