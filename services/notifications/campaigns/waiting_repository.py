"""Statements on what is published and not sent yet: how much the lane has of it, and which of a campaign's is to come now."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.campaigns.models import PAUSED, subject_of
from shared.runtime.db import Session
from shared.runtime.inbox import store

# The lane's true backlog as far as this service's tables show it: what waits in the outbox or has no receipt yet, and what is due
# in the inbox, where everything comes to lie when a provider is slow. What waits for a later moment is none. A long queue is as
# good as one that is too long, so nobody counts it to its end.
_BACKLOG: Final = text("""
    SELECT count(*) FROM (
        (SELECT FROM outbox WHERE lane = :lane AND state = 0 AND due_at <= now() LIMIT :limit)
        UNION ALL
        (SELECT FROM outbox WHERE lane = :lane AND state = 1 LIMIT :limit)
        UNION ALL
        (SELECT FROM inbox WHERE lane = :lane AND state IN (1, 2, 3, 4) AND due_at <= now() LIMIT :limit)
        LIMIT :limit) AS waiting
""")

# What was told to come at once and has not come yet is due, and not found again.
_WAITING: Final = """
    SELECT deliveries.id FROM deliveries JOIN inbox USING (id)
     WHERE subject_key = :subject_key AND unsent = 'queued' AND {keeps}
       AND inbox.state = 2 AND inbox.due_at > now()
     ORDER BY {order} LIMIT :limit
"""
_HELD: Final = text(_WAITING.format(keeps=f"reason = '{PAUSED}'", order="asked_at, id"))
_ALL: Final = text(_WAITING.format(keeps="true", order="reason, asked_at, id"))


class WaitingRepository:
    """What waits, and letting it come."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def backlog(self, lane: str, limit: int) -> int:
        """How many messages wait for the lane, counted up to a limit."""
        found: int = (await self._session.execute(_BACKLOG, {"lane": lane, "limit": limit})).scalar_one()
        return found

    async def has_held(self, campaign_id: UUID) -> bool:
        """Whether messages of the campaign wait because it was paused."""
        return bool(await self._find(_HELD, campaign_id, 1))

    async def release_held(self, campaign_id: UUID, limit: int) -> int:
        """Make those due that wait because it was paused, the oldest first; returns how many."""
        return await self._hurry(await self._find(_HELD, campaign_id, limit))

    async def release_all(self, campaign_id: UUID, limit: int) -> int:
        """Make due whatever of the campaign waits for a later moment; returns how many were found."""
        found = await self._find(_ALL, campaign_id, limit)
        await self._hurry(found)
        return len(found)

    async def _find(self, statement: Any, campaign_id: UUID, limit: int) -> list[UUID]:
        if limit <= 0:
            return []
        bound = {"subject_key": subject_of(campaign_id), "limit": limit}
        return list(await self._session.scalars(statement, bound))

    async def _hurry(self, ids: list[UUID]) -> int:
        return await store.hurry(self._session, ids) if ids else 0
