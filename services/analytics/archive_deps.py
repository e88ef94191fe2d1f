"""How archiving, and knowing what all services have archived, is put together."""

from services.analytics import monitoring_deps
from services.analytics.archives.old_data import OldData
from services.analytics.archives.rules_repository import RULES
from services.analytics.archives.schemas import ArchivesOut
from services.analytics.archives.service import Archives
from services.analytics.snapshots.repository import SnapshotReader
from shared.runtime.archive.archiving import ArchiveRows, archive_rows
from shared.runtime.db import ReadSession
from shared.runtime.process import ProcessRuntime


def archiving(runtime: ProcessRuntime) -> ArchiveRows:
    """The effect of `analytics.archive_old_rows`."""
    return archive_rows(runtime, RULES)


def archives(runtime: monitoring_deps.Runtime, session: ReadSession) -> Archives:
    """What all services have archived."""
    return Archives(monitoring_deps.watch(runtime).owners, SnapshotReader(session))


def cleaning(runtime: ProcessRuntime) -> OldData:
    """The effect of `analytics.cleanup_old_data`."""

    async def look() -> ArchivesOut:
        async with runtime.database.read() as session:
            return await archives(runtime, session).all()

    return OldData(look, runtime.clock, monitoring_deps.closing(runtime))
