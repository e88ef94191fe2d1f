"""Whether a backup is what its manifest says: every byte, and every table."""

from pathlib import Path

from shared.runtime.dumps.errors import BackupDamaged
from shared.runtime.dumps.files import read_back
from shared.runtime.dumps.manifest import DumpedSchema, Manifest
from shared.runtime.dumps.programs import Programs


async def check(folder: Path, manifest: Manifest, programs: Programs) -> None:
    """Read all of it. Raises BackupDamaged."""
    for schema in manifest.schemas:
        await check_file(folder, schema)
        await _check_contents(folder, schema, programs)


async def check_file(folder: Path, schema: DumpedSchema) -> None:
    """Whether a file has the bytes that were written. Raises BackupDamaged."""
    path = folder / schema.file
    try:
        found = await read_back(path)
    except OSError as error:
        raise BackupDamaged(f"{path} cannot be read: {error.strerror}") from None
    if found.size_bytes != schema.size_bytes:
        raise BackupDamaged(f"{path} has {found.size_bytes} bytes, and its manifest says {schema.size_bytes}")
    if found.sha256 != schema.sha256:
        raise BackupDamaged(f"{path} has other bytes than were written: its SHA-256 is {found.sha256}")


async def _check_contents(folder: Path, schema: DumpedSchema, programs: Programs) -> None:
    said, ended = await programs.output("pg_restore", ["--list", str(folder / schema.file)])
    if ended.code != 0:
        raise BackupDamaged(f"pg_restore cannot read {folder / schema.file}: {ended.said}")
    # `215; 0 16397 TABLE DATA alerts shipments alerts_owner`
    lines = (line.split() for line in said.splitlines() if " TABLE DATA " in line and not line.startswith(";"))
    held = {words[words.index("DATA") + 2] for words in lines}
    if missing := sorted(set(schema.rows) - held):
        raise BackupDamaged(
            f"{folder / schema.file} lacks {', '.join(missing[:5])}, and its manifest has {len(missing)} such tables"
        )
