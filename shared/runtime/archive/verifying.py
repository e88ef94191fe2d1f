"""Whether archives still are what their manifests say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.runtime.archive import files, parquet
from shared.runtime.archive.repository import ArchiveReader
from shared.runtime.db import ReadSession

AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one file. problem: None where it is what its manifest says."""

    file: str
    rows: int
    problem: str | None


class Verifying:
    """Compares the files of one service with its manifests. folder: ARCHIVE_DIR."""

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[ReadSession]], folder: Path, service: str) -> None:
        self._read = read
        self._folder = folder / service

    async def findings(self) -> AsyncIterator[Finding]:
        """One for every manifest, by name, and one for every file that no manifest names. Drafts are passed over."""
        known: set[str] = set()
        after = ""
        while True:
            async with self._read() as session:
                rows = await ArchiveReader(session).manifests(after, AT_ONCE)
            for row in rows:
                yield Finding(row.file, row.row_count, await asyncio.to_thread(_problem, self._folder / row.file, row))
            known |= {row.file for row in rows}
            if len(rows) < AT_ONCE:
                break
            after = rows[-1].file
        for file in sorted(await asyncio.to_thread(self._files) - known):
            yield Finding(file, 0, "no manifest names it: its rows may be in the database, or in another file, as well")

    def _files(self) -> set[str]:
        found = (path for path in self._folder.rglob("*.parquet") if not path.name.startswith("."))
        return {str(path.relative_to(self._folder)) for path in found}


def _problem(path: Path, manifest: Any) -> str | None:
    if not path.is_file():
        return "is not there"
    size_bytes, sha256 = files.sync(path)
    if (size_bytes, sha256) != (manifest.size_bytes, manifest.sha256):
        return f"has {size_bytes} bytes and the SHA-256 {sha256}, which are not those of its manifest"
    try:
        found = parquet.content_of(path)
    except parquet.FileBroken as error:
        return f"cannot be read: {error}"
    # Files of versions that noted no digest say no columns, and their bytes are what was compared then.
    if found is not None and manifest.digest is not None and (found.rows, found.digest) != (manifest.row_count, manifest.digest):
        return f"has {found.rows} rows, which are not those of its manifest"
    return None
