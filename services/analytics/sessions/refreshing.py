"""Going on with a session: each refresh token is good once.

One that comes again was copied, by whoever came first or by whoever comes now: its session ends, and all its tokens with it
(RFC 9700 §4.14.2).
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from services.analytics.operators.models import Operator
from services.analytics.operators.repository import OperatorRepository
from services.analytics.organizations.repository import OrganizationReader
from services.analytics.sessions.ending import Ending
from services.analytics.sessions.errors import RefreshRefused
from services.analytics.sessions.issuing import Issuing, hash_of
from services.analytics.sessions.models import Because, RefreshToken
from services.analytics.sessions.repository import SessionRepository
from services.analytics.sessions.schemas import Tokens
from shared.runtime.clock import Clock
from shared.runtime.db import Session


@dataclass(frozen=True, slots=True)
class Parts:
    """What works in one unit of work."""

    sessions: SessionRepository
    operators: OperatorRepository
    organizations: OrganizationReader
    issuing: Issuing
    ending: Ending


class Refreshing:
    """Works in units of work of its own: a session that ends has to end although the request is refused."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        parts: Callable[[Session], Parts],
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._parts = parts
        self._clock = clock

    async def refresh(self, refresh_token: str) -> Tokens:
        """The next tokens. Raises RefreshRefused and LoginsNotSetUp."""
        async with self._unit_of_work() as session:
            tokens = await self._go_on(self._parts(session), hash_of(refresh_token))
        if tokens is None:
            raise RefreshRefused("the refresh token is not known, was used before, or its session has ended; log in again")
        return tokens

    async def logout(self, refresh_token: str) -> None:
        """End the session of a refresh token; of one that is not known, nothing."""
        async with self._unit_of_work() as session:
            parts = self._parts(session)
            known = await parts.sessions.take_refresh(hash_of(refresh_token))
            if known is not None:
                await parts.ending.these([known.session_id], "reuse" if known.used_at is not None else "logout")

    async def _go_on(self, parts: Parts, token_hash: bytes) -> Tokens | None:
        known = await parts.sessions.take_refresh(token_hash)
        if known is None or known.session_ended:
            return None
        operator = await parts.operators.find(known.operator_id)
        because = self._over(known, operator)
        if because is not None:
            await parts.ending.these([known.session_id], because)
        if because is not None or operator is None or await self._is_suspended(parts, operator):
            return None
        now = self._clock()
        await parts.sessions.use_refresh(token_hash, now)
        await parts.sessions.used(known.session_id, now)
        return await parts.issuing.go_on(operator, known.session_id, known.session_expires_at)

    def _over(self, known: RefreshToken, operator: Operator | None) -> Because | None:
        now = self._clock()
        if known.used_at is not None:
            return "reuse"
        if known.expires_at <= now or known.session_expires_at <= now:
            return "expired"
        return "operator" if operator is None or operator.disabled_at is not None else None

    @staticmethod
    async def _is_suspended(parts: Parts, operator: Operator) -> bool:
        if operator.organization_id is None:
            return False
        organization = await parts.organizations.find(operator.organization_id)
        return organization is None or organization.status == "suspended"
