"""Beginning sessions, and the tokens with which they go on."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.analytics.operators.models import Operator
from services.analytics.sessions.models import AccessSession, Origin
from services.analytics.sessions.repository import SessionRepository
from services.analytics.sessions.schemas import Tokens
from services.analytics.signing_keys.service import SigningKeys
from shared.runtime.auth.tokens import mint
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

REFRESH_PREFIX: Final = "wr_"
USER_AGENT_KEPT: Final = 300


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things are good."""

    access: timedelta
    idle: timedelta
    session: timedelta


def hash_of(refresh_token: str) -> bytes:
    """What is kept of one: it has 256 random bits, so that this is as safe as a slow hash."""
    return hashlib.sha256(refresh_token.encode()).digest()


class Issuing:
    """Works in one unit of work."""

    def __init__(self, sessions: SessionRepository, keys: SigningKeys, lifetimes: Lifetimes, clock: Clock) -> None:
        self._sessions = sessions
        self._keys = keys
        self._lifetimes = lifetimes
        self._clock = clock

    async def begin(self, operator: Operator, origin: Origin) -> Tokens:
        """A new session. Raises LoginsNotSetUp."""
        now = self._clock()
        begun = AccessSession(
            id=uuid7(),
            operator_id=operator.id,
            created_at=now,
            last_used_at=now,
            expires_at=now + self._lifetimes.session,
            address=origin.address,
            user_agent=origin.user_agent[:USER_AGENT_KEPT],
        )
        await self._sessions.begin(begun)
        return await self.go_on(operator, begun.id, begun.expires_at)

    async def go_on(self, operator: Operator, session_id: UUID, ends_at: datetime) -> Tokens:
        """The next tokens of a session. Raises LoginsNotSetUp."""
        now = self._clock()
        refresh_token = REFRESH_PREFIX + secrets.token_urlsafe(32)
        refresh_ends_at = min(now + self._lifetimes.idle, ends_at)
        await self._sessions.add_refresh(hash_of(refresh_token), session_id, now, refresh_ends_at)
        lasts = min(self._lifetimes.access, ends_at - now)
        return Tokens(
            access_token=mint(
                await self._keys.private(),
                subject=operator.subject,
                roles=[operator.role],
                organization_id=operator.organization_id,
                session_id=session_id,
                ttl_s=int(lasts.total_seconds()),
            ),
            expires_in=int(lasts.total_seconds()),
            refresh_token=refresh_token,
            refresh_expires_at=refresh_ends_at,
            session_id=session_id,
            operator_id=operator.id,
        )
