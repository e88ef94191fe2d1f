"""Statements on what ends after its person was erased: an erasure does not wait for calls that are under way."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

# Whoever was called has an address, until an erasure takes it away.
_ERASED: Final = text("SELECT id FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) AND to_address IS NULL")
# As an erasure leaves what had ended before it; see privacy/holdings_repository.py.
_FORGET: Final = (
    text("UPDATE deliveries SET error = NULL WHERE id = ANY(CAST(:ids AS uuid[]))"),
    text("UPDATE delivery_attempts SET detail = NULL WHERE delivery_id = ANY(CAST(:ids AS uuid[]))"),
    text("UPDATE inbox SET body = NULL, error = NULL WHERE id = ANY(CAST(:ids AS uuid[])) AND finished_at IS NOT NULL"),
    text("""
        UPDATE dead_letters SET body = '{}', error = NULL, status = 'discarded', note = 'the person was erased',
                                settled_at = now(), settled_by = 'system:privacy'
         WHERE message_id = ANY(CAST(:ids AS uuid[])) AND status = 'open'
    """),
)


class ErasedRepository:
    """What is known of deliveries whose person was erased during a call."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def among(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of these deliveries, each of which has come to a call, whose person was erased since."""
        return set(await self._session.scalars(_ERASED, {"ids": sorted(ids)}))

    async def forget(self, ids: Collection[UUID]) -> None:
        """Take out of these deliveries, and of their messages, what has been written of their calls since the erasure."""
        for statement in _FORGET:
            await self._session.execute(statement, {"ids": sorted(ids)})
