"""A whole table or partition into a file: written, read back, and compared with the database, all in one transaction.

The table is locked against writers, and the file is read back from the disk. Its rows and the sum over the hashes of their keys
must be those that PostgreSQL counts, and the digest over its values that of what was written. Only then does `keep` return, and
whoever called it may drop the table in the same transaction. So either the rows are in the table, or they are in a file that has
been read.
"""

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import text

from shared.runtime.archive import files, parquet
from shared.runtime.archive.columns import Column, text_of
from shared.runtime.archive.errors import NotArchived
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.failpoints import failpoint

_COLUMNS: Final = text("""
    SELECT attname, typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
     WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
""")
_FETCH: Final = text(f"FETCH {parquet.ROWS_AT_ONCE} FROM archived")
_NOTE: Final = text("""
    INSERT INTO archives (file, source, row_count, size_bytes, sha256, key_sum, digest, oldest_at, newest_at, archived_at)
    VALUES (:file, :source, :row_count, :size_bytes, :sha256, :key_sum, :digest, :oldest_at, :newest_at, :archived_at)
    ON CONFLICT (file) DO UPDATE SET row_count = excluded.row_count, size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
                                     key_sum = excluded.key_sum, digest = excluded.digest, oldest_at = excluded.oldest_at,
                                     newest_at = excluded.newest_at, archived_at = excluded.archived_at
""")


@dataclass(frozen=True, slots=True)
class Keys:
    """What is in a table or a file. key_sum: over 32 bits of the hash of every key, in no order."""

    row_count: int
    key_sum: int


class Archive:
    """Archives of one service, in one folder. key: the columns that tell rows of the tables apart."""

    def __init__(self, folder: Path, service: str, key: Sequence[str], clock: Clock) -> None:
        self._folder = folder / service
        self._service = service
        self._key = tuple(key)
        self._clock = clock

    async def keep(self, session: Session, table: str) -> Path | None:
        """The file that has all rows of the table; None where there is no such table.

        Nobody writes to the table until the unit of work ends. Raises NotArchived.
        """
        columns = [Column(row.attname, row.typname) for row in await session.execute(_COLUMNS, {"name": table})]
        if not columns:
            return None
        await session.execute(text(f'LOCK TABLE "{table}" IN SHARE MODE'))
        try:
            return await self._keep(session, table, columns)
        except (OSError, parquet.FileBroken) as error:
            raise NotArchived(f"{self._folder} does not take {table}: {error}", retry_after_s=300) from None

    async def _keep(self, session: Session, table: str, columns: Sequence[Column]) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft, path = self._folder / f".{table}.parquet", self._folder / f"{table}.parquet"
        written = await self._write(session, table, columns, draft)
        failpoint("archive.table_written")
        held = await self._in_table(session, table, columns)
        found, read = await asyncio.to_thread(self._in_file, draft, columns)
        if found != held or read != written:
            raise NotArchived(f"{draft} has {found.row_count} rows, and {table} has {held.row_count}; they are not the same ones")
        failpoint("archive.table_verified")
        size_bytes, sha256 = await asyncio.to_thread(files.sync, draft)
        await asyncio.to_thread(files.name, draft, path)
        failpoint("archive.table_named")
        note = {"file": path.name, "source": table, "row_count": held.row_count, "size_bytes": size_bytes, "sha256": sha256}
        span = await self._span(session, table, columns)
        await session.execute(_NOTE, {**note, **span, "key_sum": held.key_sum, "digest": written, "archived_at": self._now()})
        return path

    async def _write(self, session: Session, table: str, columns: Sequence[Column], draft: Path) -> str:
        """The digest of what was read from the table."""
        query = f'SELECT {", ".join(column.selected for column in columns)} FROM "{table}"'  # noqa: S608  # names of the catalogue
        # A cursor of the driver's own would stay open, and the table could not be dropped under it.
        await session.execute(text(f"DECLARE archived NO SCROLL CURSOR FOR {query}"))
        content, over = parquet.Content(), threading.Event()
        parts = self._parts(session, columns, content, over)
        about = {"service": self._service, "source": table}
        writing = asyncio.ensure_future(asyncio.to_thread(parquet.write, draft, columns, parts, about))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # Nobody may go on with the session while the thread reads from it.
            over.set()
            await asyncio.wait({writing})
            raise
        await session.execute(text("CLOSE archived"))
        return content.digest

    def _parts(
        self, session: Session, columns: Sequence[Column], content: parquet.Content, over: threading.Event
    ) -> Iterator[parquet.Rows]:
        """Plain rows, for the thread that writes: the library pulls, and the session belongs to the loop."""
        loop = asyncio.get_running_loop()

        async def fetch() -> parquet.Rows:
            rows = (await session.execute(_FETCH)).all()
            return [[column.plain(value) for column, value in zip(columns, row, strict=True)] for row in rows]

        def parts() -> Iterator[parquet.Rows]:
            while not over.is_set() and (part := asyncio.run_coroutine_threadsafe(fetch(), loop).result()):
                content.add(part)
                yield part

        return parts()

    async def _in_table(self, session: Session, table: str, columns: Sequence[Column]) -> Keys:
        key = ", '|', ".join(column.as_text for name in self._key for column in columns if column.name == name)
        query = f"SELECT count(*), coalesce(sum(('x' || left(md5(concat({key})), 8))::bit(32)::bigint), 0)"  # as above
        row = (await session.execute(text(f'{query} FROM "{table}"'))).one()
        return Keys(row[0], int(row[1]))

    async def _span(self, session: Session, table: str, columns: Sequence[Column]) -> dict[str, datetime | None]:
        """From when its rows are: by the time in their key, where there is one."""
        times = [column.quoted for column in columns if column.name in self._key and column.kind == "timestamptz"]
        query = f'SELECT min({times[0]}), max({times[0]}) FROM "{table}"' if times else "SELECT NULL, NULL"  # noqa: S608  # as above
        oldest_at, newest_at = (await session.execute(text(query))).one()
        return {"oldest_at": oldest_at, "newest_at": newest_at}

    def _in_file(self, path: Path, columns: Sequence[Column]) -> tuple[Keys, str]:
        """The keys of the file and the digest over all of its values."""
        names = [column.name for column in columns]
        places = [names.index(name) for name in self._key]
        content, total = parquet.Content(), 0
        for part in parquet.read(path, columns):
            content.add(part)
            for row in part:
                key = "|".join(text_of(row[place]) for place in places)
                total += int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest()[:4], "big")
        return Keys(content.rows, total), content.digest

    def _now(self) -> datetime:
        return self._clock()
