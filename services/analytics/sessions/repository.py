"""Statements on sessions and refresh tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update

from services.analytics.operators.models import Operator
from services.analytics.sessions.models import AccessSession, Because, RefreshToken
from shared.runtime.db import ReadSession, Session

_ADD_REFRESH: Final = text("""
    INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at) VALUES (:hash, :session_id, :issued_at, :expires_at)
""")
_TAKE_REFRESH: Final = text("""
    SELECT token.session_id, session.operator_id, token.expires_at, token.used_at, session.ended_at IS NOT NULL AS session_ended,
           session.expires_at AS session_expires_at
      FROM refresh_tokens AS token JOIN access_sessions AS session ON session.id = token.session_id
     WHERE token.hash = :hash FOR UPDATE
""")
_USE_REFRESH: Final = text("UPDATE refresh_tokens SET used_at = :now WHERE hash = :hash")
_FORGET_REFRESH: Final = text("""
    DELETE FROM refresh_tokens WHERE hash IN (
        SELECT hash FROM refresh_tokens WHERE expires_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)
""")
_FORGET_ENDED: Final = text("""
    DELETE FROM access_sessions WHERE id IN (
        SELECT id FROM access_sessions WHERE ended_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)
""")
_EXPIRED: Final = text("""
    SELECT id FROM access_sessions WHERE ended_at IS NULL AND expires_at < :now ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
""")
_ABANDONED: Final = text("""
    SELECT id FROM access_sessions WHERE ended_at IS NULL AND last_used_at < :before ORDER BY id LIMIT :most
       FOR UPDATE SKIP LOCKED
""")


class SessionReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of(self, operator_id: UUID, bound_to: UUID | None, *, after: UUID | None, limit: int) -> Sequence[AccessSession]:
        """An operator's, the newest first. bound_to: the organization that the caller is bound to."""
        query = (
            select(AccessSession).where(AccessSession.operator_id == operator_id).order_by(AccessSession.id.desc()).limit(limit)
        )
        if bound_to is not None:
            mine = select(Operator.id).where(Operator.organization_id == bound_to)
            query = query.where(AccessSession.operator_id.in_(mine))
        if after is not None:
            query = query.where(AccessSession.id < after)
        return (await self._session.scalars(query)).all()


class SessionRepository(SessionReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def begin(self, begun: AccessSession) -> None:
        """Write a new one."""
        self._writing.add(begun)
        await self._writing.flush()

    async def lock(self, session_id: UUID, bound_to: UUID | None) -> AccessSession | None:
        """One, held until the unit of work ends."""
        query = select(AccessSession).where(AccessSession.id == session_id).with_for_update()
        if bound_to is not None:
            query = query.where(AccessSession.operator_id.in_(select(Operator.id).where(Operator.organization_id == bound_to)))
        return (await self._writing.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def end(self, ids: Sequence[UUID], because: Because, now: datetime) -> Sequence[UUID]:
        """End those of these that go on; returns which they were."""
        ended = (
            update(AccessSession)
            .where(AccessSession.id.in_(ids), AccessSession.ended_at.is_(None))
            .values(ended_at=now, ended_because=because)
            .returning(AccessSession.id)
        )
        return sorted((await self._writing.execute(ended, execution_options={"synchronize_session": False})).scalars())

    async def live_of(self, operator_id: UUID) -> Sequence[UUID]:
        """Those of an operator that go on."""
        query = (
            select(AccessSession.id)
            .where(AccessSession.operator_id == operator_id, AccessSession.ended_at.is_(None))
            .order_by(AccessSession.id)
            .with_for_update()
        )
        return (await self._writing.scalars(query)).all()

    async def used(self, session_id: UUID, now: datetime) -> None:
        """It is gone on with."""
        await self._writing.execute(
            update(AccessSession).where(AccessSession.id == session_id).values(last_used_at=now),
            execution_options={"synchronize_session": False},
        )

    async def add_refresh(self, token_hash: bytes, session_id: UUID, issued_at: datetime, expires_at: datetime) -> None:
        """Write a refresh token."""
        bound = {"hash": token_hash, "session_id": session_id, "issued_at": issued_at, "expires_at": expires_at}
        await self._writing.execute(_ADD_REFRESH, bound)

    async def take_refresh(self, token_hash: bytes) -> RefreshToken | None:
        """A refresh token and its session, held until the unit of work ends."""
        row = (await self._writing.execute(_TAKE_REFRESH, {"hash": token_hash})).one_or_none()
        return RefreshToken(*row) if row is not None else None

    async def use_refresh(self, token_hash: bytes, now: datetime) -> None:
        """It has been used, and is good no more."""
        await self._writing.execute(_USE_REFRESH, {"hash": token_hash, "now": now})

    async def expired(self, now: datetime, most: int) -> list[UUID]:
        """Those that have reached their end without anybody ending them."""
        return await self._ids(_EXPIRED, {"now": now, "most": most})

    async def abandoned(self, before: datetime, most: int) -> list[UUID]:
        """Those that nobody has gone on with since then."""
        return await self._ids(_ABANDONED, {"before": before, "most": most})

    async def forget(self, *, refresh_before: datetime, ended_before: datetime, most: int) -> int:
        """Delete refresh tokens and ended sessions of before then; returns how many rows."""
        return await self._delete(_FORGET_REFRESH, refresh_before, most) + await self._delete(_FORGET_ENDED, ended_before, most)

    async def _ids(self, statement: Any, bound: dict[str, Any]) -> list[UUID]:
        return [row.id for row in await self._writing.execute(statement, bound)]

    async def _delete(self, statement: Any, before: datetime, most: int) -> int:
        result: Any = await self._writing.execute(statement, {"before": before, "most": most})
        return int(result.rowcount)
