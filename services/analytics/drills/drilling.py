"""Trying the newest backup: into a database of its own, compared with what was dumped, and timed."""

import asyncio
import logging
import time
from pathlib import Path
from uuid import UUID

from services.analytics.backups.models import Backup
from services.analytics.backups.repository import BackupReader
from services.analytics.drills.errors import BackupDiffers, NothingToRestore
from services.analytics.drills.repository import DrillRepository, Result
from services.analytics.ledgered_run import UnitOfWork
from shared.runtime.clock import Clock
from shared.runtime.dumps.errors import RestoreFailed
from shared.runtime.dumps.manifest import read_manifest
from shared.runtime.dumps.programs import Programs
from shared.runtime.dumps.restoring import Restoring, Target
from shared.runtime.dumps.scratch import scratch_database
from shared.runtime.errors import ServiceError

logger = logging.getLogger(__name__)


class Drilling:
    """url: of a login that may make databases. folder: where backups are."""

    def __init__(
        self, unit_of_work: UnitOfWork, url: str, folder: Path, programs: Programs, clock: Clock, *, timeout_s: float
    ) -> None:
        self._unit_of_work = unit_of_work
        self._url = url
        self._folder = folder
        self._programs = programs
        self._clock = clock
        self._timeout_s = timeout_s

    async def drill(self, key: UUID) -> None:
        """One drill. Raises NothingToRestore, BackupDiffers and what `shared.runtime.dumps.errors` draws, after it was written
        down."""
        try:
            async with scratch_database(self._url, key) as target:
                backup = await self._begin(key)
                result = await self._timed(backup, target)
        except ServiceError as error:
            async with self._unit_of_work() as session:
                await DrillRepository(session).fail(key, error.detail, self._clock())
            raise
        await self._end(key, result)

    async def _begin(self, key: UUID) -> Backup:
        async with self._unit_of_work() as session:
            verified = await BackupReader(session).verified()
            if not verified:
                raise NothingToRestore("there is no verified backup yet: make one with POST /v1/backups, and drill again")
            await DrillRepository(session).begin(key, verified[0].id, self._clock())
            return verified[0]

    async def _timed(self, backup: Backup, target: str) -> Result:
        started = time.monotonic()
        folder = self._folder / str(backup.folder)
        manifest = await asyncio.to_thread(read_manifest, folder)
        names = [schema.name for schema in manifest.schemas]
        try:
            async with asyncio.timeout(self._timeout_s):
                restoring = Restoring(folder, manifest, self._programs)
                # The roles that own the schemas may be unknown on the server where backups are tried.
                differences = await restoring.restore(names, Target(target, as_it_was=False))
        except TimeoutError:
            raise RestoreFailed(f"it was not ended after {self._timeout_s:g} s; raise BACKUP_TIMEOUT_S") from None
        return Result(time.monotonic() - started, manifest.size_bytes, manifest.row_count, differences)

    async def _end(self, key: UUID, result: Result) -> None:
        first, count = (result.differences[0] if result.differences else None), len(result.differences)
        error = None
        if first is not None:
            error = f"{count} table(s) differ: {first.table} has {first.restored} rows, and {first.backup} were dumped"
        async with self._unit_of_work() as session:
            await DrillRepository(session).end(key, result, error, self._clock())
        if error is not None:
            raise BackupDiffers(error)
        logger.info("restore_drill_passed", extra={"drill_id": str(key), "seconds": round(result.took_s, 1)})
