"""How safe we are, for whoever is to be woken."""

from typing import Final

from prometheus_client import Gauge

from services.analytics.backups.repository import BackupReader
from services.analytics.backups.service import standing
from services.analytics.drills.repository import DrillReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

NEVER_S: Final = 1e9
"""In the place of an age where there is nothing: above every limit of an alert."""

BACKUP_AGE_S: Final = Gauge(
    "waybill_backup_age_seconds",
    "How old the moment is that the newest verified backup shows; 1e9 where there is none.",
    registry=REGISTRY,
)
BACKUP_BYTES: Final = Gauge("waybill_backup_bytes", "Size of all verified backups.", registry=REGISTRY)
DRILL_AGE_S: Final = Gauge(
    "waybill_restore_drill_age_seconds",
    "How long ago a restore drill has passed; 1e9 where none has.",
    registry=REGISTRY,
)
RESTORE_S: Final = Gauge(
    "waybill_restore_seconds", "How long the last restore drill that passed has taken; 0 where none has.", registry=REGISTRY
)


async def measure_backups(database: Database, clock: Clock) -> None:
    """Set the metrics."""
    now = clock()
    async with database.read() as session:
        backups = BackupReader(session)
        found = await standing(backups, DrillReader(session), now)
        size_bytes = sum(backup.size_bytes or 0 for backup in await backups.verified())
    age_s = found.recovery_point_age_s
    BACKUP_AGE_S.set(NEVER_S if age_s is None else age_s)
    BACKUP_BYTES.set(size_bytes)
    DRILL_AGE_S.set((now - found.drilled_at).total_seconds() if found.drilled_at else NEVER_S)
    RESTORE_S.set(found.recovery_time_s or 0)
