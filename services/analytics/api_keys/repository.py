"""Statements on API keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.analytics.api_keys.models import IssuedKey
from shared.runtime.db import ReadSession, Session

_USED: Final = text("""
    UPDATE api_keys SET last_used_at = :used_at, last_used_at_service = :service
     WHERE id = :key_id AND (last_used_at IS NULL OR last_used_at < :used_at)
""")


class IssuedKeyReader:
    """Reads. bound_to: the organization that a caller is bound to, who sees its keys alone; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, key_id: str, bound_to: UUID | None, *, lock: bool = False) -> IssuedKey | None:
        """One, revoked or not; with `lock` held until the unit of work ends."""
        query = select(IssuedKey).where(IssuedKey.id == key_id)
        if bound_to is not None:
            query = query.where(IssuedKey.organization_id == bound_to)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, bound_to: UUID | None, *, after: tuple[datetime, str] | None, limit: int) -> Sequence[IssuedKey]:
        """The newest first."""
        place = tuple_(IssuedKey.created_at, IssuedKey.id)
        query = select(IssuedKey).order_by(IssuedKey.created_at.desc(), IssuedKey.id.desc()).limit(limit)
        if bound_to is not None:
            query = query.where(IssuedKey.organization_id == bound_to)
        if after is not None:
            query = query.where(place < after)
        return (await self._session.scalars(query)).all()


class IssuedKeyRepository(IssuedKeyReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any]) -> IssuedKey:
        """Write a new one."""
        return (await self._writing.scalars(insert(IssuedKey).values(**values).returning(IssuedKey))).one()

    async def revoke(self, key_id: str, now: datetime) -> IssuedKey:
        """It opens nothing any more."""
        revoked = (
            update(IssuedKey)
            .where(IssuedKey.id == key_id)
            .values(revoked_at=now, version=IssuedKey.version + 1)
            .returning(IssuedKey)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(revoked)).one()

    async def used(self, uses: Sequence[Mapping[str, Any]]) -> None:
        """Somebody has come in with these. Of two uses the later one is kept, in whatever order they come."""
        await self._writing.execute(_USED, [dict(use) for use in uses])
