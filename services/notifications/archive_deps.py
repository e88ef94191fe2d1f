"""How archiving is put together."""

from services.notifications import deps
from services.notifications.archives.rules_repository import rules
from shared.runtime.archive.archiving import ArchiveRows, archive_rows
from shared.runtime.process import ProcessRuntime


def archiving(runtime: ProcessRuntime) -> ArchiveRows:
    """The effect of `notifications.archive_old_rows`."""
    return archive_rows(runtime, rules(deps.own_settings(runtime.settings).delivery_retention_days))
