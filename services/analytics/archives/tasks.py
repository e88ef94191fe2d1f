"""Putting old rows into files, and having all services do so."""

from services.analytics import archive_deps
from services.analytics.archives.old_data import OldData
from shared.contracts.analytics import ArchiveOldRows, CleanupOldData
from shared.runtime.archive.archiving import ArchiveRows
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(ArchiveOldRows)
def archive_old_rows(runtime: ProcessRuntime) -> ArchiveRows:
    """Archives what this service's rules call old."""
    return archive_deps.archiving(runtime)


@effect(CleanupOldData)
def cleanup_old_data(runtime: ProcessRuntime) -> OldData:
    """Has every service archive, and keeps what each has archived."""
    return archive_deps.cleaning(runtime)
