"""Reading what was archived."""

from typing import Annotated

from fastapi import APIRouter, Query

from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.session import ReadDb
from shared.runtime.operations.archives.repository import ArchiveRepository
from shared.runtime.operations.archives.schemas import ArchivedTable, ArchivedTables, ArchiveFile

reads = APIRouter()


@reads.get("/archives", summary="List archives")
async def list_archives(
    db: ReadDb,
    paging: Paging,
    source: Annotated[str | None, Query(max_length=100, description="Only files of this table.", examples=["trip_flags"])] = None,
) -> Page[ArchiveFile]:
    """The manifest of every file, the newest first. `python -m shared.runtime.archive` says whether files still are like that."""
    rows = await ArchiveRepository(db).newest(source, before=paging.after, limit=paging.fetch)
    return paging.page(rows, ArchiveFile, key=lambda row: (row.archived_at, row.file))


@reads.get("/archives/tables", summary="Sum archives up by table")
async def list_archived_tables(db: ReadDb) -> ArchivedTables:
    """How many rows of which table are in files, and from when they are."""
    return ArchivedTables(items=[ArchivedTable.model_validate(row) for row in await ArchiveRepository(db).sums()])
