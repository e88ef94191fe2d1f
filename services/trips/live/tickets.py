"""One-time tickets: a browser's EventSource can send no header, and a token in a URL ends in logs.

Kept in Redis for a minute under the hash of the ticket, and taken away by whoever shows it first. Where Redis loses one, its
holder asks for another.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import TypeAdapter

from services.trips.live.channel import PREFIX
from shared.runtime.auth.principal import TokenFacts

if TYPE_CHECKING:
    import redis.asyncio as redis

GOOD_FOR_S: Final = 60


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows. organization_id: whose trips alone; None sees all. until: when the right to follow ends, if it does.

    shown: by what it is asked whether the right was revoked.
    """

    id: str
    organization_id: UUID | None
    until: datetime | None
    shown: TokenFacts | None = None


_FOLLOWER: Final = TypeAdapter(Follower)


class Tickets:
    """Raises BROKER_ERRORS while Redis is away."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    async def issue(self, follower: Follower) -> str:
        """A ticket by which the follower gets in once, within a minute."""
        ticket = secrets.token_urlsafe(32)
        await self._client.set(_key(ticket), _FOLLOWER.dump_json(follower), ex=GOOD_FOR_S)
        return ticket

    async def redeem(self, ticket: str) -> Follower | None:
        """Whose ticket it was; None for one that is none, too old, or was used."""
        found = await self._client.getdel(_key(ticket))
        return _FOLLOWER.validate_json(found) if found is not None else None


def _key(ticket: str) -> str:
    return f"{PREFIX}:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
