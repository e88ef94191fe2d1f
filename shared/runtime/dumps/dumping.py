"""Making a backup: every schema as of one moment, checked, and under its name only when it is whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from shared.runtime.clock import Clock
from shared.runtime.dumps import files
from shared.runtime.dumps.checking import check
from shared.runtime.dumps.errors import DumpFailed, NotSetUp
from shared.runtime.dumps.manifest import DRAFT_PREFIX, NAME, DumpedSchema, Manifest, backups_in, folder_name, read_manifest
from shared.runtime.dumps.programs import Programs, login
from shared.runtime.dumps.snapshot import BACKUP_LOCK, Snapshot, alone, opened, taken

if TYPE_CHECKING:
    import asyncpg

MARGIN: Final = 1.2
LEAST_BYTES: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is dumped from where to where. url: of a login that reads all schemas."""

    url: str
    folder: Path
    schemas: tuple[str, ...]


class Dumping:
    """Makes backups of one plan."""

    def __init__(self, plan: Plan, programs: Programs, clock: Clock) -> None:
        self._plan = plan
        self._programs = programs
        self._clock = clock

    @asynccontextmanager
    async def alone(self) -> AsyncIterator["Turn"]:
        """Nobody else makes a backup of this database meanwhile. Raises AlreadyRunning, DatabaseAway."""
        async with opened(self._plan.url, "waybill-backup") as connection, alone(connection, BACKUP_LOCK, "backup"):
            yield Turn(self, connection)

    def finished(self, key: UUID) -> tuple[str, Manifest] | None:
        """The folder and manifest of a backup that was ended, whatever its process knew of it."""
        for folder in reversed(backups_in(self._plan.folder)):
            if folder.name.endswith(key.hex[-8:]) and (manifest := read_manifest(folder)).id == key:
                return folder.name, manifest
        return None

    async def dump(self, connection: "asyncpg.Connection[Any]", key: UUID) -> tuple[str, Manifest]:
        """One backup; see `Turn.dump`."""
        started_at, plan = self._clock(), self._plan
        draft = plan.folder / f"{DRAFT_PREFIX}{key.hex}"
        with files.room(plan.folder):
            plan.folder.mkdir(parents=True, exist_ok=True)
            # First: a disk that drafts have filled would stay full for ever.
            self._clear_drafts()
            files.check_room(plan.folder, self._expected_bytes())
            draft.mkdir(mode=0o700)
        try:
            async with taken(connection) as snapshot:
                await self._programs.check(snapshot.server_version)
                schemas = [await self._schema(draft, snapshot, name) for name in plan.schemas]
                manifest = Manifest(
                    id=key,
                    database=snapshot.database,
                    server_version=snapshot.server_version,
                    snapshot_at=snapshot.at,
                    started_at=started_at,
                    ended_at=self._clock(),
                    extensions=await snapshot.extensions(),
                    schemas=tuple(schemas),
                )
            with files.room(plan.folder):
                await files.write(draft / NAME, files.one_chunk(manifest.model_dump_json(indent=1).encode()))
            await check(draft, manifest, self._programs)
            with files.room(plan.folder):
                named = files.name_it(draft, folder_name(manifest.snapshot_at, key))
        except BaseException:
            files.remove(draft)
            raise
        return named.name, manifest

    async def _schema(self, draft: Path, snapshot: Snapshot, name: str) -> DumpedSchema:
        started_at = self._clock()
        inventory = await snapshot.inventory(name)
        url, environment = login(self._plan.url)
        arguments = ["--format=custom", "--compress=gzip:3", f"--schema={name}", f"--snapshot={snapshot.id}"]
        arguments += ["--lock-wait-timeout=60s", "--no-password", f"--dbname={url}"]
        async with self._programs.run("pg_dump", arguments, environment) as running:
            with files.room(self._plan.folder):
                written = await files.write(draft / f"{name}.dump", running.chunks())
            ended = await running.ended()
        if ended.code != 0:
            raise DumpFailed(f"pg_dump of the schema {name} ended with {ended.code}: {ended.said}")
        return DumpedSchema(
            name=name,
            file=f"{name}.dump",
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            version=inventory.version,
            rows=inventory.rows,
            started_at=started_at,
            ended_at=self._clock(),
        )

    def _expected_bytes(self) -> int:
        """As much as the last one, and some growth."""
        before = backups_in(self._plan.folder)
        last = sum(path.stat().st_size for path in before[-1].iterdir()) if before else 0
        return max(LEAST_BYTES, int(last * MARGIN))

    def _clear_drafts(self) -> None:
        """What processes have left that did not end: nobody else is at it while this one is."""
        for path in self._plan.folder.iterdir():
            if path.name.startswith(DRAFT_PREFIX) and path.is_dir():
                files.remove(path)


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to make a backup, while nobody else has it."""

    dumping: Dumping
    connection: "asyncpg.Connection[Any]"

    async def dump(self, key: UUID, timeout_s: float) -> tuple[str, Manifest]:
        """Make one; returns the name of its folder and its manifest.

        Raises DiskFull, DumpFailed, NotSetUp, BackupDamaged; then nothing of it is left.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self.dumping.dump(self.connection, key)
        except TimeoutError:
            raise DumpFailed(f"it was not ended after {timeout_s:g} s; raise BACKUP_TIMEOUT_S or dump less often") from None


def check_folder(folder: Path | None) -> Path:
    """The folder that is set. Raises NotSetUp."""
    if folder is None:
        raise NotSetUp("set BACKUP_DIR to a folder that the analytics worker may write, on another disk than the database's")
    return folder


def known(schemas: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Those of a manifest that are wanted; all without a wish. Raises NotSetUp."""
    if missing := sorted(set(wanted) - set(schemas)):
        raise NotSetUp(f"the backup has no schema {', '.join(missing)}; it has {', '.join(schemas)}")
    return tuple(name for name in schemas if name in wanted or not wanted)
