"""Putting old rows into files."""

from services.trips import archive_deps
from shared.contracts.trips import ArchiveOldRows
from shared.runtime.archive.archiving import ArchiveRows
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(ArchiveOldRows)
def archive_old_rows(runtime: ProcessRuntime) -> ArchiveRows:
    """Archives what this service's rules call old."""
    return archive_deps.archiving(runtime)
