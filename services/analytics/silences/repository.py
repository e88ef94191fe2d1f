"""Reading and writing silences."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.analytics.silences.models import Silence
from shared.runtime.db import ReadSession, Session


class SilenceReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def in_force(self, at: datetime) -> Sequence[Silence]:
        """Those that hold at this moment."""
        query = select(Silence).where(Silence.until > at, Silence.ended_at.is_(None)).order_by(Silence.id.desc())
        return (await self._session.scalars(query)).all()

    async def newest(self, *, before: UUID | None, limit: int) -> Sequence[Silence]:
        """All there ever were, the newest first."""
        query = select(Silence) if before is None else select(Silence).where(Silence.id < before)
        return (await self._session.scalars(query.order_by(Silence.id.desc()).limit(limit))).all()


class SilenceRepository(SilenceReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    def add(self, silence: Silence) -> None:
        """Keep a new one."""
        self._writing.add(silence)

    async def lock(self, silence_id: UUID) -> Silence | None:
        """One, held until the unit of work ends."""
        return await self._writing.get(Silence, silence_id, with_for_update=True)
