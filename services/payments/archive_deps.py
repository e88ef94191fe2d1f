"""How archiving is put together."""

from services.payments.archives.rules_repository import RULES
from shared.runtime.archive.archiving import ArchiveRows, archive_rows
from shared.runtime.process import ProcessRuntime


def archiving(runtime: ProcessRuntime) -> ArchiveRows:
    """The effect of `payments.archive_old_rows`."""
    return archive_rows(runtime, RULES)
