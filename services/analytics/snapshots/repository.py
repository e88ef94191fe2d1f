"""Keeping and reading snapshots."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import delete, select, text

from services.analytics.snapshots.models import Kind, Snapshot
from shared.runtime.db import ReadSession, Session

# A slot that is carried out twice is one moment, of which the newer look counts.
_KEEP: Final = text("""
    INSERT INTO monitoring_snapshots (kind, at, body) VALUES (:kind, :at, CAST(:body AS jsonb))
    ON CONFLICT (kind, at) DO UPDATE SET body = excluded.body
""")


class SnapshotReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, kind: Kind, limit: int = 1) -> Sequence[Snapshot]:
        """The newest of a kind, the newest first."""
        query = select(Snapshot).where(Snapshot.kind == kind).order_by(Snapshot.at.desc()).limit(limit)
        return (await self._session.scalars(query)).all()


class SnapshotRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def keep(self, kind: Kind, at: datetime, body: Any) -> None:
        """Keep what was seen at a slot. body: what becomes JSON."""
        await self._session.execute(_KEEP, {"kind": kind, "at": at, "body": orjson.dumps(body).decode()})

    async def forget(self, before: datetime) -> int:
        """Delete what is older, and return how many."""
        gone: Any = await self._session.execute(delete(Snapshot).where(Snapshot.at < before))
        return int(gone.rowcount)
