"""Asking for backups, and how safe we are by those that there are."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.analytics.backups.errors import BackupNotFound
from services.analytics.backups.models import Backup
from services.analytics.backups.repository import BackupReader, BackupRepository
from services.analytics.drills.repository import DrillReader
from shared.contracts.analytics import BackupCriticalData
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import publish


class Backups:
    """Asks for them, in one unit of work."""

    def __init__(self, session: Session, audit: AuditLog, clock: Clock) -> None:
        self._session = session
        self._audit = audit
        self._clock = clock

    async def ask(self, reason: str) -> Backup:
        """One more, besides those of the schedule."""
        key, rows = uuid7(), BackupRepository(self._session)
        await rows.open(key, self._audit.actor, self._clock())
        publish(self._session, BackupCriticalData(backup_id=key, requested_by=self._audit.actor))
        await self._audit.write("backup.run", str(key), reason)
        return await backup_of(rows, key)


class BackupBook:
    """The rows of backups, as `LedgeredRun` keeps them."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._rows = BackupRepository(session)
        self._clock = clock

    async def open(self, key: UUID, requested_by: str) -> bool:
        """See that there is a row, and say whether there is still something to do."""
        await self._rows.open(key, requested_by, self._clock())
        return (await backup_of(self._rows, key)).state not in ("verified", "removed")

    async def give_up(self, key: UUID, error: str) -> None:
        """It will not be tried again."""
        await self._rows.fail(key, error, self._clock())


@dataclass(frozen=True, slots=True)
class Standing:
    """What would be lost now, and how long it would take to come back. None where nothing is known."""

    newest_id: UUID | None
    newest_snapshot_at: datetime | None
    recovery_point_age_s: float | None
    recovery_time_s: float | None
    drilled_at: datetime | None
    drilled_backup_id: UUID | None
    last_error: str | None


async def standing(backups: BackupReader, drills: DrillReader, now: datetime) -> Standing:
    """RPO: the age of what the newest verified backup shows. RTO: what the last drill that passed has taken."""
    verified, [*last] = await backups.verified(), await backups.newest(state=None, after=None, limit=1)
    newest, drill = (verified[0] if verified else None), await drills.last_passed()
    moment = newest.snapshot_at if newest else None
    return Standing(
        newest_id=newest.id if newest else None,
        newest_snapshot_at=moment,
        recovery_point_age_s=(now - moment).total_seconds() if moment else None,
        recovery_time_s=drill.took_s if drill else None,
        drilled_at=drill.ended_at if drill else None,
        drilled_backup_id=drill.backup_id if drill else None,
        last_error=last[0].error if last and last[0].state == "failed" else None,
    )


async def backup_of(rows: BackupReader, key: UUID) -> Backup:
    """One, whatever has become of it. Raises BackupNotFound."""
    found = await rows.find(key)
    if found is None:
        raise BackupNotFound("no backup has this id; GET /v1/backups lists them")
    return found
