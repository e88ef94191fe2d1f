"""Making a backup and writing down what became of it.

Whoever has the advisory lock is alone. So a row that says `running` is of a process that is no more: it is finished where its
folder is whole, and failed where it is not.
"""

import asyncio
import contextlib
import logging
from pathlib import Path
from uuid import UUID

from services.analytics.backups.repository import GONE, BackupRepository
from services.analytics.backups.retention import Kept, kept
from services.analytics.ledgered_run import UnitOfWork
from shared.runtime.clock import Clock
from shared.runtime.dumps import files
from shared.runtime.dumps.dumping import Dumping
from shared.runtime.dumps.errors import BackupDamaged
from shared.runtime.errors import ServiceError

logger = logging.getLogger(__name__)


class BackupMaking:
    """folder: where backups are."""

    def __init__(
        self, unit_of_work: UnitOfWork, dumping: Dumping, folder: Path, rule: Kept, clock: Clock, *, timeout_s: float
    ) -> None:
        self._unit_of_work = unit_of_work
        self._dumping = dumping
        self._folder = folder
        self._rule = rule
        self._clock = clock
        self._timeout_s = timeout_s

    async def make(self, key: UUID) -> None:
        """One backup, unless there is it already; then, whatever came of it, nothing is kept that is too old.

        Raises what `shared.runtime.dumps.errors` draws, after it was written down.
        """
        async with self._dumping.alone() as turn:
            if await self._begin(key):
                try:
                    folder, manifest = await turn.dump(key, self._timeout_s)
                except ServiceError as error:
                    await self._fail(key, error)
                    # Whoever was told to keep fewer gets room by it for the next try.
                    await self._let_go()
                    raise
                async with self._unit_of_work() as session:
                    await BackupRepository(session).verify(key, folder, manifest, self._clock())
                logger.info("backup_made", extra={"backup_id": str(key), "bytes": manifest.size_bytes})
            await self._let_go()

    async def _begin(self, key: UUID) -> bool:
        """Whether it is still to be made."""
        async with self._unit_of_work() as session:
            rows, now = BackupRepository(session), self._clock()
            for other in {*await rows.running(), key}:
                if whole := await asyncio.to_thread(self._dumping.finished, other):
                    await rows.verify(other, *whole, now)
                elif other != key:
                    await rows.fail(other, "its process ended before it did", now)
            found = await rows.find(key)
            if found is None or found.state in ("verified", "removed"):
                return False
            if found.state == "running":
                await rows.fail(key, "its process ended before it did", now)
            await rows.begin(key, now)
        return True

    async def _fail(self, key: UUID, error: ServiceError) -> None:
        async with self._unit_of_work() as session:
            await BackupRepository(session).fail(key, error.detail, self._clock())

    async def _let_go(self) -> None:
        """Of backups that are kept no longer, and of rows whose folders are gone."""
        await self._take_back()
        async with self._unit_of_work() as session:
            verified = await BackupRepository(session).verified()
        # What is gone takes nobody's place.
        gone = {backup.id for backup in verified if not (self._folder / str(backup.folder)).is_dir()}
        moments = {backup.id: backup.snapshot_at for backup in verified if backup.snapshot_at and backup.id not in gone}
        stay = kept(moments, self._rule)
        for backup in verified:
            if backup.id in stay:
                continue
            await asyncio.to_thread(files.remove, self._folder / str(backup.folder))
            why = GONE if backup.id in gone else "kept no longer"
            async with self._unit_of_work() as session:
                await BackupRepository(session).remove(backup.id, why, self._clock())
        async with self._unit_of_work() as session:
            await BackupRepository(session).forget(self._clock())

    async def _take_back(self) -> None:
        """Those that are whole and there again. Else a disk that was away for one run would never be cleared of them."""
        async with self._unit_of_work() as session:
            rows = BackupRepository(session)
            for backup in await rows.gone():
                # One that comes back in pieces stays where it is, for a person to look at.
                with contextlib.suppress(BackupDamaged):
                    if await asyncio.to_thread(self._dumping.finished, backup.id):
                        await rows.take_back(backup.id)
