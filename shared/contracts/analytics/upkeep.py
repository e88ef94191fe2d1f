"""Backups and trying them, archives, and the daily look at tables, indexes, partitions and caches."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_AGAIN = RetryPolicy(max_retries=4, base_s=300, cap_s=1800)


class BackupCriticalData(Command):
    """Dump every schema as of one moment, and let go of backups that are kept no longer.

    slot: the scheduled moment. backup_id: of a backup that somebody has asked for; without it, it is the message's id.
    """

    contract: ClassVar = Contract("analytics.backup_critical_data", (lanes.ANALYTICS_BACKUP,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    backup_id: UUID | None = None
    requested_by: str | None = Field(default=None, max_length=200)


class RunRestoreDrill(Command):
    """Restore the newest backup into a database of its own, compare it with what was dumped, and say how long it took.

    slot: the scheduled moment. drill_id: of a drill that somebody has asked for; without it, it is the message's id.
    """

    contract: ClassVar = Contract("analytics.run_restore_drill", (lanes.ANALYTICS_BACKUP,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    drill_id: UUID | None = None
    requested_by: str | None = Field(default=None, max_length=200)


class OptimizeSystem(Command):
    """Advise on the tables and indexes of every service, tend analytics' own, make missing partitions, and sweep caches.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.optimize_system", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None


class ArchiveOldRows(Command):
    """Put rows of the task system's alerts that are old into files, and delete them; nothing where ARCHIVE_DIR is not set.

    slot: the scheduled moment. older_than_days: in the place of each table's own age. page: counted from 1; what one message does
    not get done the next one does, which it sends itself.
    """

    contract: ClassVar = Contract("analytics.archive_old_rows", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    older_than_days: int | None = Field(default=None, ge=30, le=36_500)
    page: int = Field(default=1, ge=1)


class CleanupOldData(Command):
    """Have every service archive its old rows, and keep what each has archived.

    slot: the scheduled moment. older_than_days: in the place of each table's own age. stage: first the services are asked to
    archive; a while later, by a message that this one sends, what they have archived.
    """

    contract: ClassVar = Contract("analytics.cleanup_old_data", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    older_than_days: int | None = Field(default=None, ge=30, le=36_500)
    stage: Literal["ask", "collect"] = "ask"
