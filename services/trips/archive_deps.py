"""How archiving is put together."""

from services.trips.archives.rules_repository import RULES
from shared.runtime.archive.archiving import ArchiveRows, archive_rows
from shared.runtime.process import ProcessRuntime


def archiving(runtime: ProcessRuntime) -> ArchiveRows:
    """The effect of `trips.archive_old_rows`."""
    return archive_rows(runtime, RULES)
