"""Old rows of a table into files, a page at a time: written, read back, and deleted in the transaction that notes the file.

A file has a draft's name, which begins with a dot, until that transaction has been committed. So whoever reads `*.parquet` never
finds a row that is still in the table. A draft without a manifest is of a page that did not end, and is removed; one with a
manifest is of a process that died right after, and gets its name. Both is done before the next page.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.runtime.archive import files, parquet
from shared.runtime.archive.errors import NotArchived
from shared.runtime.archive.repository import ArchiveReader, Page, RowRepository
from shared.runtime.archive.rules import Rule
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.failpoints import failpoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Named:
    """A file that waits for its commit. file: its name in the service's folder."""

    file: str
    draft: Path
    path: Path


class RowArchive:
    """Archives rows of one service's tables. unit_of_work: opens a transaction, one for each page. folder: ARCHIVE_DIR."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        folder: Path,
        service: str,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._folder = folder / service
        self._service = service
        self._clock = clock

    async def keep_page(self, rule: Rule, before: datetime) -> int:
        """Archive the next rows that are older, and return how many they were; 0 where there are none. Raises NotArchived."""
        folder = self._folder / rule.table
        try:
            async with self._unit_of_work() as session:
                repository = RowRepository(session)
                await repository.be_alone()
                await finish(repository, self._folder, folder)
                page = await repository.page(rule, before)
                if not page.values:
                    return 0
                named = await self._keep(repository, rule, page)
                failpoint("archive.before_commit")
            failpoint("archive.committed")
            await asyncio.to_thread(_give_name, named)
        except (OSError, parquet.FileBroken) as error:
            raise NotArchived(f"{folder} does not take rows: {error}", retry_after_s=300) from None
        logger.info("rows_archived", extra={"table": rule.table, "rows": len(page.values), "file": named.file})
        return len(page.values)

    async def _keep(self, repository: RowRepository, rule: Rule, page: Page) -> _Named:
        """Write, read back, note, delete."""
        named = self._named(rule, page)
        content = parquet.Content()
        content.add(page.values)
        await asyncio.to_thread(self._write, named.draft, rule, page)
        size_bytes, sha256 = await asyncio.to_thread(files.sync, named.draft)
        found = await asyncio.to_thread(parquet.content_of, named.draft)
        if found is None or not found.same_as(content):
            raise NotArchived(f"{named.draft} does not have the {content.rows} rows of {rule.table} that were written to it")
        failpoint("archive.verified")
        manifest = {
            "file": named.file,
            "source": rule.table,
            "row_count": content.rows,
            "size_bytes": size_bytes,
            "sha256": sha256,
        }
        span = {"oldest_at": min(page.moments), "newest_at": max(page.moments), "archived_at": self._clock()}
        keys = {"first_key": page.keys[0], "last_key": page.keys[-1], "digest": content.digest}
        await repository.note({**manifest, **span, **keys})
        deleted = await repository.delete(rule, page.places)
        if deleted != content.rows:
            raise NotArchived(f"{rule.table} gave back {deleted} rows, and {content.rows} were written")
        return named

    def _named(self, rule: Rule, page: Page) -> _Named:
        """By the day of its oldest row and the range of its keys, so that the same rows are the same file."""
        span = hashlib.sha256(f"{page.keys[0]} {page.keys[-1]}".encode()).hexdigest()[:16]
        stem = f"{rule.table}_{min(page.moments):%Y%m%d}_{span}"
        folder = self._folder / rule.table
        # Whoever has lost the connection, and with it the lock, may still be writing to a draft of its own.
        draft = folder / f".{stem}.{secrets.token_hex(4)}.parquet"
        return _Named(f"{rule.table}/{stem}.parquet", draft, folder / f"{stem}.parquet")

    def _write(self, draft: Path, rule: Rule, page: Page) -> None:
        draft.parent.mkdir(parents=True, exist_ok=True)
        parquet.write(draft, page.columns, [page.values], {"service": self._service, "source": rule.table})


async def finish(reader: ArchiveReader, service_folder: Path, folder: Path) -> None:
    """Give drafts their names where the manifest is there, and remove the others. Nobody else may be archiving rows."""
    drafts = await asyncio.to_thread(lambda: sorted(folder.glob(".*.parquet")))
    if drafts:
        noted = await reader.noted([str(_path_of(draft).relative_to(service_folder)) for draft in drafts])
        await asyncio.to_thread(_finish, drafts, {service_folder / file: sha256 for file, sha256 in noted.items()})


def _path_of(draft: Path) -> Path:
    return draft.with_name(f"{draft.name[1:].partition('.')[0]}.parquet")


def _finish(drafts: Sequence[Path], noted: Mapping[Path, str]) -> None:
    for draft in drafts:
        path = _path_of(draft)
        if path in noted and not path.exists() and files.sync(draft)[1] == noted[path]:
            files.name(draft, path)
        else:
            draft.unlink(missing_ok=True)


def _give_name(named: _Named) -> None:
    try:
        files.name(named.draft, named.path)
    except FileNotFoundError:
        # Another worker's next page has been quicker.
        if not named.path.exists():
            raise
