"""Reading and writing which backups there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_, update

from services.analytics.backups.models import Backup, BackupSchema
from shared.runtime.db import ReadSession, Session
from shared.runtime.dumps.manifest import Manifest
from shared.runtime.http.pages import Key

FORGOTTEN_AFTER: Final = timedelta(days=400)
GONE: Final = "somebody else has removed its folder"
_DIRECT: Final = {"synchronize_session": False}

_OPEN: Final = text("""
    INSERT INTO backups (id, state, requested_by, asked_at) VALUES (:id, 'asked', :by, :now) ON CONFLICT (id) DO NOTHING
""")


class BackupReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, key: UUID) -> Backup | None:
        """One, whatever has become of it."""
        return (await self._session.scalars(select(Backup).where(Backup.id == key))).one_or_none()

    async def newest(self, *, state: str | None, after: Key | None, limit: int) -> Sequence[Backup]:
        """Those that were asked for last."""
        query = select(Backup).order_by(Backup.asked_at.desc(), Backup.id.desc()).limit(limit)
        query = query if state is None else query.where(Backup.state == state)
        query = query if after is None else query.where(tuple_(Backup.asked_at, Backup.id) < after)
        return (await self._session.scalars(query)).all()

    async def verified(self) -> Sequence[Backup]:
        """Those that can be restored, the newest moment first."""
        query = select(Backup).where(Backup.state == "verified").order_by(Backup.snapshot_at.desc(), Backup.id.desc())
        return (await self._session.scalars(query)).all()

    async def gone(self) -> Sequence[Backup]:
        """Those whose folders were not there although nobody of us had removed them."""
        return (await self._session.scalars(select(Backup).where(Backup.state == "removed", Backup.error == GONE))).all()

    async def unsaved_since(self) -> datetime | None:
        """The moment behind which nothing is saved: of the newest verified one, else when the first was asked for. None where
        nobody has asked for any."""
        newest = func.max(Backup.snapshot_at).filter(Backup.state == "verified")
        return (await self._session.execute(select(func.coalesce(newest, func.min(Backup.asked_at))))).scalar_one()

    async def last_tried(self) -> Backup | None:
        """The one that was begun or given up last, and what has become of it by now."""
        tried_at = func.greatest(Backup.started_at, Backup.ended_at)
        query = select(Backup).where(tried_at.is_not(None)).order_by(tried_at.desc(), Backup.id.desc()).limit(1)
        return (await self._session.scalars(query)).one_or_none()

    async def schemas(self, key: UUID) -> Sequence[BackupSchema]:
        """What is in one."""
        query = select(BackupSchema).where(BackupSchema.backup_id == key).order_by(BackupSchema.name)
        return (await self._session.scalars(query)).all()


class BackupRepository(BackupReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def open(self, key: UUID, by: str, now: datetime) -> None:
        """See that there is a row."""
        await self._session.execute(_OPEN, {"id": key, "by": by, "now": now})

    async def running(self) -> Sequence[UUID]:
        """Those of which the rows say that they run."""
        return (await self._session.scalars(select(Backup.id).where(Backup.state == "running"))).all()

    async def begin(self, key: UUID, now: datetime) -> None:
        """It runs from now on."""
        values = {"state": "running", "attempt": Backup.attempt + 1, "started_at": now, "ended_at": None, "error": None}
        await self._set(key, values, "asked", "failed")

    async def verify(self, key: UUID, folder: str, manifest: Manifest, now: datetime) -> None:
        """It is whole, and under its name."""
        values = {
            "state": "verified",
            "folder": folder,
            "snapshot_at": manifest.snapshot_at,
            "size_bytes": manifest.size_bytes,
            "row_count": manifest.row_count,
            "ended_at": now,
            "error": None,
        }
        await self._set(key, values, "asked", "running", "failed")
        for schema in manifest.schemas:
            dumped = schema.model_dump(exclude={"rows"})
            counts = {"table_count": len(schema.rows), "row_count": sum(schema.rows.values())}
            await self._session.merge(BackupSchema(backup_id=key, **dumped, **counts))

    async def fail(self, key: UUID, error: str, now: datetime) -> None:
        """There is nothing of it."""
        await self._set(key, {"state": "failed", "error": error[:1000], "ended_at": now}, "asked", "running", "failed")

    async def remove(self, key: UUID, why: str, now: datetime) -> None:
        """Its folder is there no more."""
        await self._set(key, {"state": "removed", "removed_at": now, "error": why}, "verified")

    async def take_back(self, key: UUID) -> None:
        """Its folder is there again."""
        await self._set(key, {"state": "verified", "removed_at": None, "error": None}, "removed")

    async def forget(self, now: datetime) -> None:
        """Rows of long ago of which there is nothing."""
        old = Backup.state.in_(("failed", "removed")), Backup.asked_at < now - FORGOTTEN_AFTER
        await self._session.execute(delete(Backup).where(*old), execution_options=_DIRECT)

    async def _set(self, key: UUID, values: dict[str, object], *states: str) -> None:
        query = update(Backup).where(Backup.id == key, Backup.state.in_(states)).values(values)
        await self._session.execute(query, execution_options=_DIRECT)
